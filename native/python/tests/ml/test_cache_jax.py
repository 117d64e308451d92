"""JAX's compilation cache on ours: fresh processes, real JAX, the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cache_machines import CacheService, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("jax")

BODY = """
import jax, jax.numpy as jnp
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
result = float(jax.jit(lambda x: jnp.tanh(x @ x).sum())(jnp.ones((32, 32))))
"""
# JAX alone: the program imports torch for the sake of the other tests.
NO_TORCH = {
    "PRELUDE": "import types; sys.modules['torch'] = types.SimpleNamespace(manual_seed=int)"
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CacheService]:
    running = CacheService(tmp_path_factory.mktemp("service") / "cache")
    yield running
    running.stop()


def test_another_machine_gets_the_executables(service: CacheService, tmp_path: Path) -> None:
    writer = Machine(tmp_path / "writer", service.settings(writes=True))
    first = writer.run(BODY, **NO_TORCH)
    assert (first.report["hits"], first.report["misses"] > 0) == (0, True)
    reader = Machine(tmp_path / "reader", service.settings(writes=False))
    run = reader.run(BODY, **NO_TORCH)
    assert (run.report["hits"], run.report["misses"]) == (first.report["misses"], 0)
    assert run.report["requests"] == 2
    assert run.result == first.result
    counts = service.stats()
    assert (counts["hits"], counts["misses"]) == (run.report["hits"], first.report["misses"])


def test_a_server_that_is_down_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", {"MITHRIL_CACHE_URL": "http://127.0.0.1:9"})
    assert machine.run(BODY, **NO_TORCH).report["hits"] == 0
