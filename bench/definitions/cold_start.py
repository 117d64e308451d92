"""From a fresh process to a compiled model's first result: torch alone, and with the cache.

    .setup/python-ml/bin/python bench/definitions/cold_start.py --rounds 5

A transformer of 4 layers (d=256), compiled for the CPU. Ways, each in a process of its own, taking
turns: ``stock_cold`` (torch, empty folder; once), ``stock_warm`` (torch's own local cache, filled),
``mega_cache`` (its portable artefacts, other caches empty), ``remote`` (ours, empty folder, from
`mithril cache serve` on loopback) and ``local`` (ours, filled folder). The first result of every
process is compared with the model's own, uncompiled. Starts of the C++ compiler are counted by a
script before it. Seconds are wall and CPU (children included); ratios are to ``stock_warm`` of the
same round. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLI = ROOT / "dist" / "cli" / "mithril.js"
WAYS = ("stock_warm", "mega_cache", "remote", "local")
TOLERANCE = 1e-4


def spent() -> tuple[float, float]:
    """Wall and CPU seconds so far, with those of the children that ended."""
    cpu = sum(
        use.ru_utime + use.ru_stime
        for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    return time.perf_counter(), cpu


class Clock:
    """Phases of this process, in order."""

    def __init__(self) -> None:
        """Start."""
        self.last = spent()
        self.phases: dict[str, list[float]] = {}

    def end(self, name: str) -> None:
        """What was done since the last call has this name."""
        now = spent()
        self.phases[name] = [now[0] - self.last[0], now[1] - self.last[1]]
        self.last = now


def run_once(way: str, artefacts: Path) -> None:
    """One start, in this process; prints its phases."""
    clock = Clock()
    is_ours = way in ("remote", "local")
    if is_ours:
        import mithril.cache

        mithril.cache.enable()
    import torch

    clock.end("import torch")
    import torch._dynamo
    import torch._inductor.compile_fx

    clock.end("import dynamo and inductor")
    if way == "mega_cache":
        torch.compiler.load_cache_artifacts(artefacts.read_bytes())
        clock.end("load artefacts")
    net, batch = model(torch)
    clock.end("build the model")
    inside = watched()
    with torch.no_grad():
        result = torch.compile(net)(batch)
        clock.end("first call")
        difference = float((result - net(batch)).abs().max())
    if way == "stock_cold":
        found = torch.compiler.save_cache_artifacts()
        artefacts.write_bytes(found[0] if found else b"")
    said = {"phases": clock.phases, "inside": inside, "difference": difference}
    print(json.dumps(said | ({"report": mithril.cache.report()} if is_ours else {})))


def model(torch: Any) -> tuple[Any, Any]:
    """The model, with its weights from a seed, and a batch."""

    class Block(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, width: int = 256, heads: int = 8) -> None:
            super().__init__()
            self.heads = heads
            self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for _ in range(2))
            self.qkv = torch.nn.Linear(width, 3 * width)
            self.out = torch.nn.Linear(width, width)
            self.up = torch.nn.Linear(width, 4 * width)
            self.down = torch.nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            rows, tokens, width = x.shape
            parts = self.qkv(self.norms[0](x)).view(rows, tokens, 3, self.heads, -1)
            q, k, v = parts.permute(2, 0, 3, 1, 4)
            seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(seen.transpose(1, 2).reshape(rows, tokens, width))
            return x + self.down(torch.nn.functional.gelu(self.up(self.norms[1](x))))

    torch.manual_seed(0)
    net = torch.nn.Sequential(*(Block() for _ in range(4))).eval()
    return net, torch.randn(2, 64, 256)


def watched() -> dict[str, float]:
    """Wall seconds inside the first call: making the key; key, finding and loading together."""
    from torch._functorch._aot_autograd import autograd_cache

    seconds: dict[str, float] = {}

    def timed(name: str, call: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started

        return run

    autograd_cache.autograd_cache_key = timed("key", autograd_cache.autograd_cache_key)
    cache = autograd_cache.AOTAutogradCache
    cache.try_load = staticmethod(timed("key, fetch and load", cache.try_load))
    return seconds


class Bench:
    """A server, a compiler that counts its starts, and the folders of each way."""

    def __init__(self, folder: Path, server: dict[str, str]) -> None:
        """All below `folder`; `server`: the settings of its clients."""
        self.folder = folder
        self.server = server
        self.log = folder / "compilers"
        compiler = folder / "bin" / "g++"
        compiler.parent.mkdir()
        compiler.write_text(f'#!/bin/sh\necho start >> {self.log}\nexec /usr/bin/g++ "$@"\n')
        compiler.chmod(0o755)
        self.count = 0

    def settings(self, way: str) -> dict[str, str]:
        """Where the caches of a way lie; some are empty at each start."""
        self.count += 1
        fresh = str(self.folder / f"fresh-{self.count}")
        if way.startswith("stock"):
            return {"TORCHINDUCTOR_CACHE_DIR": str(self.folder / "stock")}
        if way == "mega_cache":
            return {"TORCHINDUCTOR_CACHE_DIR": fresh}
        kept = str(self.folder / "ours")
        return self.server | {"MITHRIL_CACHE_DIR": fresh if way == "remote" else kept}

    def start(self, way: str) -> dict[str, Any]:
        """A process; wall and CPU seconds of all of it, its phases, its compilers."""
        self.log.unlink(missing_ok=True)
        names = ("PATH", "HOME", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "LANG")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment |= {"CXX": str(self.folder / "bin" / "g++")} | self.settings(way)
        command = [sys.executable, "-W", "ignore", __file__, "--once", way]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(
            [*command, "--artefacts", str(self.folder / "mega")],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise RuntimeError(f"{way}: {done.stderr[-2000:]}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if said["difference"] > TOLERANCE:
            raise RuntimeError(f"{way}: the compiled result differs by {said['difference']}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        starts = self.log.read_text().count("\n") if self.log.exists() else 0
        return said | {"wall": wall, "cpu": cpu, "compilers": starts}


@contextmanager
def cache_server(folder: Path) -> Iterator[dict[str, str]]:
    """`mithril cache serve` on loopback; the settings of a client that reads and writes."""
    from mithril.cache import _keys

    options = ["--dir", str(folder / "cache"), "--format", "json"]
    serve = subprocess.Popen(
        ["node", str(CLI), "cache", "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert serve.stdout is not None
        text = "".join(iter(serve.stdout.readline, "}\n")) + "}"
        create = ["node", str(CLI), "cache", "token", "create", "--namespace", "bench", "--write"]
        made = subprocess.run([*create, *options], check=True, capture_output=True, text=True)
        _keys.make_signing_key(folder / "key")
        yield {
            "MITHRIL_CACHE_URL": json.loads(text)["url"],
            "MITHRIL_CACHE_TOKEN": json.loads(made.stdout)["token"],
            "MITHRIL_CACHE_SIGNING_KEY": str(folder / "key"),
            "MITHRIL_CACHE_LABEL": "bench",
            "MITHRIL_CACHE_EXIT_SECONDS": "60",
        }
    finally:
        serve.terminate()
        serve.wait()


def figures(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Medians of each way, and of its ratios to torch's warm start of the same round."""
    ways: dict[str, Any] = {}
    for way in WAYS:
        runs = [one[way] for one in rounds]
        ways[way] = {
            name: round(statistics.median(run[name] for run in runs), 3) for name in ("wall", "cpu")
        }
        for name in ("wall", "cpu"):
            ratios = [one[way][name] / one["stock_warm"][name] for one in rounds]
            ways[way][f"{name}Ratio"] = round(statistics.median(ratios), 3)
        ways[way]["compilers"] = [run["compilers"] for run in runs]
        for part in ("phases", "inside"):
            names = runs[0][part]
            ways[way][part] = {
                name: middle([run[part].get(name) for run in runs]) for name in names
            }
    return ways


def middle(values: list[Any]) -> Any:
    """The median of numbers, or of pairs of wall and CPU."""
    known = [value for value in values if value is not None]
    if isinstance(known[0], list):
        return [round(statistics.median(column), 3) for column in zip(*known, strict=True)]
    return round(statistics.median(known), 3)


def measure(rounds: int) -> dict[str, Any]:
    """All ways, `rounds` times."""
    with (
        tempfile.TemporaryDirectory() as place,
        cache_server(Path(place)) as server,
    ):
        bench = Bench(Path(place), server)
        cold = bench.start("stock_cold")
        writer = bench.start("local")
        found = []
        for number in range(rounds):
            order = WAYS[number % 4 :] + WAYS[: number % 4]
            found.append({way: bench.start(way) for way in order})
    return {
        "model": "transformer, 4 layers, d=256, CPU",
        "rounds": rounds,
        "load": os.getloadavg(),
        "stock_cold": cold,
        "first_run_with_the_cache": writer,
        "ways": figures(found),
    }


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--artefacts", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once is not None:
        run_once(arguments.once, arguments.artefacts)
        return
    print(json.dumps(measure(arguments.rounds), indent=2))


if __name__ == "__main__":
    main()
