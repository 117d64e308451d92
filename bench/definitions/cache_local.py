"""Latency of the Python client's own steps: key, local lookup, signature, bundle.

    .setup/python/bin/python bench/definitions/cache_local.py

A folder with 1,000 units of 100 KB. ``local lookup`` is what a compile waits for when its unit is
on this disk: find the record, see that its files are there, read its data. Each step's answer is
checked. Microseconds: p50, p99 and the largest of all calls. Prints JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithril.cache import _container, _files, _keys
from mithril.cache._session import Session
from mithril.cache._settings import Settings
from mithril.cache._units import Unit, unit_key

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = 1000
CALLS = 5000
UNIT_BYTES = 100_000


def timed(call: Callable[[int], object], calls: int) -> dict[str, float]:
    """Latencies of a call, after a tenth of them as warm-up."""
    found = []
    for number in range(calls + calls // 10):
        started = time.perf_counter_ns()
        call(number)
        found.append((time.perf_counter_ns() - started) / 1000)
    found = sorted(found[calls // 10 :])
    return {
        "p50": round(statistics.median(found), 2),
        "p99": round(found[int(len(found) * 0.99)], 2),
        "max": round(found[-1], 2),
    }


def measure(folder: Path) -> dict[str, Any]:
    """Make the units, then time each step."""
    session = Session(Settings(folder=folder, label="bench", quiet=True))
    data = os.urandom(UNIT_BYTES)
    units = []
    for number in range(UNITS):
        file = f"aotautograd/k{number}/entry"
        _files.write_whole(session.units.folder / file, data)
        unit = Unit(session.key("autograd", f"k{number}"), "autograd", (file,), 1.0)
        session.units.record(unit)
        units.append(unit)

    def look_up(number: int) -> None:
        wanted = units[number % UNITS]
        place = session.units.folder / wanted.files[0]
        assert session.lookup(wanted.key, is_there=place.is_file)
        assert session.units.find(wanted.key) == wanted
        assert _files.read(place) == data

    seed = bytes(range(32))
    public, message = _keys.public_of(seed), _keys.statement("n", "k" * 64, "d" * 64, 9, "t" * 64)
    signature = _keys.sign(seed, message)
    packed = session.units.pack(units[:10])
    assert packed is not None
    bundle = _container.pack(packed)

    def verify(_: int) -> None:
        assert _keys.verify([public], message, signature) is None

    def unpack(_: int) -> None:
        assert len(_container.unpack(bundle).items) == 20

    toolchain = session.toolchain
    assert unit_key(toolchain, "autograd", "k0") == units[0].key
    return {
        "units": UNITS,
        "unitBytes": UNIT_BYTES,
        "microseconds": {
            "key": timed(lambda number: unit_key(toolchain, "autograd", str(number)), CALLS),
            "local lookup": timed(look_up, CALLS),
            "signature": timed(verify, CALLS // 10),
            "unpack a bundle of 10 units, 1 MB": timed(unpack, 100),
        },
    }


def main() -> None:
    """Measure in a folder that is deleted afterwards; print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder)), indent=2))


if __name__ == "__main__":
    main()
