"""What a miss costs: server up, down, and black-holed (it takes connections and says nothing).

    .setup/python-ml/bin/python bench/definitions/cache_fallback.py

The model of cold_start.py is compiled in fresh processes with empty caches. ``share``: the wall
seconds for which the compiling thread waited for the cache in vain, by those of the compile. Two
whole processes that compile are never equal to 1%, so the waits are added up inside. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cold_start

if TYPE_CHECKING:
    from collections.abc import Iterator

STATES = ("up", "down", "blackHoled")


@contextmanager
def server(state: str, folder: Path) -> Iterator[dict[str, str]]:
    """Settings of a client of a server in this state."""
    folder.mkdir()
    with cold_start.cache_server(folder) as settings, socket.socket() as hole:
        # A client knows its namespace once it has reached the server; here it never does.
        hole.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        if state == "blackHoled":
            hole.listen(16)
        yield settings if state == "up" else settings | {"MITHRIL_CACHE_URL": url}


def measure(rounds: int) -> dict[str, Any]:
    """All states, `rounds` times."""
    found: dict[str, list[dict[str, float]]] = {state: [] for state in STATES}
    with tempfile.TemporaryDirectory() as place:
        for number in range(rounds):
            for state in STATES:
                folder = Path(place) / f"{state}-{number}"
                with server(state, folder) as settings:
                    bench = cold_start.Bench(folder, settings | {"MITHRIL_CACHE_EXIT_SECONDS": "5"})
                    report = bench.start("remote")["report"]
                assert (report["hits"], report["misses"]) == (0, 1)
                found[state].append(report)
    return {
        state: {
            "share": round(
                statistics.median(one["secondsAsked"] / one["secondsCompiled"] for one in reports),
                5,
            ),
            "askedSeconds": [one["secondsAsked"] for one in reports],
            "compiledSeconds": [one["secondsCompiled"] for one in reports],
        }
        for state, reports in found.items()
    }


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().rounds), indent=2))


if __name__ == "__main__":
    main()
