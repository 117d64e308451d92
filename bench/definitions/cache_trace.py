"""Hit rate over a committed trace of compiles: repeats, edits and new shapes on four machines.

    .setup/python-ml/bin/python bench/definitions/cache_trace.py            replay, prints JSON
    .setup/python-ml/bin/python bench/definitions/cache_trace.py --make     write the trace again

`cache_trace.json` has 26 sessions, each a process of one of four machines that jits 8 to 10
functions with JAX (whose compiles take tenths of a second, so that 200 can be replayed). The law,
with seed 11: a session goes on with the code and shapes of the one before; with probability 0.3 one
function has been edited before it, and with 0.2 one has got a new shape. Machines share nothing but
the server; each keeps its local folder. Every result is compared with numpy's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cold_start

TRACE = Path(__file__).with_name("cache_trace.json")
SESSIONS = 26
MACHINES = 4
EDIT, SHAPE = 0.3, 0.2
TOLERANCE = 1e-3


def make() -> list[dict[str, Any]]:
    """The trace, by the law above: sessions of [function, edits, rows]."""
    law = random.Random(11)
    functions = {f"f{number}": [0, 8 * (number + 1)] for number in range(8)}
    sessions = []
    for number in range(SESSIONS):
        if law.random() < EDIT:
            functions[law.choice(sorted(functions))][0] += 1
        if law.random() < SHAPE:
            functions[law.choice(sorted(functions))][1] += 8
        names = [*sorted(functions), *law.sample(sorted(functions), law.randrange(3))]
        compiles = [[name, *functions[name]] for name in names]
        sessions.append({"machine": number % MACHINES, "compiles": compiles})
    return sessions


def run_session(compiles: list[list[Any]]) -> None:
    """In this process: jit every function afresh, compare, print what the cache did."""
    import mithril.cache

    mithril.cache.enable()
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    for name, edits, rows in compiles:
        kind, factor = int(name[1:]), float(edits + 1)
        given = np.linspace(-1, 1, rows * rows, dtype=np.float32).reshape(rows, rows)

        def body(x: Any, np: Any, kind: int = kind, factor: float = factor) -> Any:
            y = np.tanh(x @ x) * factor
            return (y + kind) @ y.T if kind % 2 else np.exp(y).sum(0) - kind

        jax.clear_caches()
        found = jax.jit(lambda x, body=body: body(x, jnp))(given)
        assert np.allclose(found, body(given, np), atol=TOLERANCE, rtol=TOLERANCE), name
    print(json.dumps(mithril.cache.report()))


def replay(sessions: list[dict[str, Any]]) -> dict[str, Any]:
    """Every session, in order."""
    reports = []
    with tempfile.TemporaryDirectory() as folder, cold_start.cache_server(Path(folder)) as server:
        for session in sessions:
            home = Path(folder) / f"machine-{session['machine']}"
            home.mkdir(exist_ok=True)
            kept = ("PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "LANG")
            environment = {one: os.environ[one] for one in kept if one in os.environ}
            settings = server | {"HOME": str(home), "MITHRIL_CACHE_LOOKUP_SECONDS": "10"}
            command = [sys.executable, "-W", "ignore", __file__]
            done = subprocess.run(
                [*command, "--once", json.dumps(session["compiles"])],
                env=environment | settings,
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                raise RuntimeError(done.stderr[-2000:])
            reports.append(json.loads(done.stdout.splitlines()[-1]))
    hits = [report["hits"] for report in reports]
    total = [report["hits"] + report["misses"] for report in reports]
    return {
        "compiles": sum(total),
        "hitRate": round(sum(hits) / sum(total), 4),
        "hitRateAfterFirst": round(sum(hits[1:]) / sum(total[1:]), 4),
        "bySession": [round(one / of, 3) for one, of in zip(hits, total, strict=True)],
    }


def main() -> None:
    """Replay the committed trace, or make it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--once", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once is not None:
        run_session(options.once)
    elif options.make:
        TRACE.write_text(json.dumps(make()).replace("}, ", "},\n") + "\n")
    else:
        print(json.dumps(replay(json.loads(TRACE.read_text())), indent=2))


if __name__ == "__main__":
    main()
