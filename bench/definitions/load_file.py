"""Time and memory of ``load_file``, ours beside that of safetensors, for one model.

    .setup/python-ml/bin/python bench/definitions/load_file.py MODEL.safetensors --rounds 9

Three ways, each in a process of its own, in alternating order: ``safetensors`` loads the plain
file (it maps the file, so every page is touched and counted); ``plain`` is ``mithril.torch`` on the
same file, ``packed`` on its ``.mith`` form. The page cache is warm. Every process checks the sum of
its tensors' bits; figures are medians, and ratios to ``safetensors`` of the same round. Memory is
the growth of the peak resident set, which includes pages of a mapped file. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = ("safetensors", "plain", "packed")


def load_once(way: str, file: str, threads: int) -> None:
    """Load in this process, and print what it took."""
    import safetensors.torch
    import torch

    import mithril.torch

    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    if way == "safetensors":
        tensors = safetensors.torch.load_file(file)
    else:
        tensors = mithril.torch.load_file(file, threads=threads)
    for tensor in tensors.values():
        tensor.reshape(-1).view(torch.uint8)[::4096].sum()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    bits = sum(
        int(t.reshape(-1).view(torch.uint8).sum(dtype=torch.int64)) for t in tensors.values()
    )
    print(json.dumps({"wall": wall, "cpu": cpu, "peakBytes": peak * 1024, "sum": bits}))


def measure(way: str, file: Path, threads: int) -> dict[str, float]:
    """Load in a new process."""
    command = [sys.executable, __file__, str(file), "--once", way, "--threads", str(threads)]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(made.stdout)
    return found


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--once", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once is not None:
        load_once(arguments.once, str(arguments.model), arguments.threads)
        return
    from mithril import checkpoint

    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "model.mith"
        summary = checkpoint.compress(arguments.model, packed)
        files = {"safetensors": arguments.model, "plain": arguments.model, "packed": packed}
        rounds: list[dict[str, dict[str, float]]] = []
        for number in range(arguments.rounds + 1):  # the first one warms the page cache
            order = WAYS[number % 3 :] + WAYS[: number % 3]
            rounds.append({way: measure(way, files[way], arguments.threads) for way in order})
    if len({found["sum"] for one in rounds for found in one.values()}) != 1:
        raise SystemExit("the ways did not load the same tensors")
    figures = {
        way: {
            name: statistics.median(one[way][name] for one in rounds[1:])
            for name in ("wall", "cpu", "peakBytes")
        }
        | {
            f"{name}Ratio": round(
                statistics.median(one[way][name] / one["safetensors"][name] for one in rounds[1:]),
                3,
            )
            for name in ("wall", "cpu")
        }
        for way in WAYS
    }
    sizes = {"originalBytes": summary.original_bytes, "packedBytes": summary.packed_bytes}
    print(json.dumps(sizes | {"threads": arguments.threads, "ways": figures}, indent=2))


if __name__ == "__main__":
    main()
