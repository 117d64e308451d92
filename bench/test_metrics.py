"""Metrics of the compile cache that can be called from Python.

    .setup/python-ml/bin/python -m pytest bench/test_metrics.py

or ``measure_cold_start()`` after ``import test_metrics`` in this folder. The whole measurement, in
rounds and beside torch's own caches, is `definitions/cold_start.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "definitions"))

import cold_start


def measure_cold_start() -> float:
    """Seconds from before `import torch` to the first result of a model that another compiled.

    A fresh process with empty local caches, the cache server on loopback; its result is compared
    with that of the model itself. Most of it is torch's: see the phases of `cold_start`.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        cold_start.cache_server(Path(folder)) as server,
    ):
        bench = cold_start.Bench(Path(folder), server)
        bench.start("local")
        run = bench.start("remote")
    assert run["compilers"] == 0, "a hit starts no compiler"
    return sum(float(wall) for wall, _ in run["phases"].values())


def test_a_cold_start_is_a_hit_without_compilers() -> None:
    """The assertion inside is the test; the time is for METRICS.md."""
    assert measure_cold_start() > 0
