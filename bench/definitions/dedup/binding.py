"""What ``mithril.dedup.dedup`` loses against the engine on texts in memory.

    .setup/python/bin/python bench/definitions/dedup/binding.py ENGINE ROWS.jsonl --rounds 31

ENGINE is the example ``in_memory_worker``, which waits in a process of its own. In every round the
engine, a list of ``str`` and Arrow strings take turns, in alternating order, on one thread each;
all must remove as many rows. A set that takes milliseconds has more rounds, as many as make
``--seconds`` of work for each. Figures are seconds of CPU time (of the whole process for Python),
medians, and the engine's time over that of the binding in the same round: median, and the middle
half. Both processes keep freed memory (MEMORY), so that neither has fresh pages to touch in every
round: a first call has them on either side. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from mithril.dedup import dedup

if TYPE_CHECKING:
    from collections.abc import Callable

Take = tuple[float, int]
#: For glibc, in bytes: read when a process starts.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}


def of_engine(engine: subprocess.Popen[str]) -> Take:
    """Let the engine work once."""
    if engine.stdin is None or engine.stdout is None:
        raise SystemExit("the engine has no pipes")
    engine.stdin.write("\n")
    engine.stdin.flush()
    took = json.loads(engine.stdout.readline())
    return took["cpu"], took["removed"]


def of_binding(texts: pa.Array | list[str]) -> Take:
    """Work once by the binding."""
    before = time.process_time()
    removed = len(dedup(texts, threads=1).removed)
    return time.process_time() - before, removed


def summary(takes: list[float], engine: list[float]) -> dict[str, object]:
    """Return medians, and the rates relative to the engine's."""
    shares = [base / took for took, base in zip(takes, engine, strict=True)]
    low, middle, high = statistics.quantiles(shares, n=4)
    return {
        "cpuSeconds": statistics.median(takes),
        "shareOfEngine": middle,
        "middleHalf": [low, high],
    }


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--seconds", type=float, default=1)
    options = parser.parse_args()
    if not MEMORY.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MEMORY})
    texts: list[str] = [json.loads(line)["text"] for line in options.rows.open()]
    array = pa.array(texts)
    pipe = subprocess.PIPE
    command = [options.engine, options.rows]
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) as engine:
        ways: dict[str, Callable[[], Take]] = {
            "engine": lambda: of_engine(engine),
            "arrow": lambda: of_binding(array),
            "list": lambda: of_binding(texts),
        }
        first = [way() for way in ways.values()]  # Warms up, too.
        answers = {removed for _, removed in first}
        rounds = max(options.rounds, int(options.seconds / min(took for took, _ in first)))
        takes: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(rounds):
            names = list(ways) if turn % 2 == 0 else list(reversed(ways))
            for name in names:
                took, removed = ways[name]()
                takes[name].append(took)
                answers.add(removed)
    if len(answers) != 1:
        raise SystemExit(f"the ways removed {sorted(answers)} rows")
    figures = {name: summary(takes[name], takes["engine"]) for name in ways}
    print(json.dumps({"rows": len(texts), "removed": answers.pop(), **figures}))


if __name__ == "__main__":
    main()
