"""A checkpoint that Orbax wrote, compressed on arrival and restored for Orbax to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from mithril import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(place.relative_to(folder)): place.read_bytes() if place.is_file() else None
        for place in folder.rglob("*")
    }


def test_an_orbax_folder_comes_back_byte_for_byte(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(scale=0.02, size=(512, 300)).astype(np.float32)
    state = {"w": jnp.asarray(weights), "b": jnp.ones(7, jnp.bfloat16), "step": jnp.asarray(3)}
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "orbax", state)
    done = checkpoint.compress_directory(tmp_path / "orbax", tmp_path / "packed")
    assert done.files > 0
    checkpoint.decompress_directory(tmp_path / "packed", tmp_path / "again", bases=[])
    assert tree(tmp_path / "again") == tree(tmp_path / "orbax")
    with ocp.StandardCheckpointer() as checkpointer:
        restored = checkpointer.restore(tmp_path / "again")
    assert np.array_equal(np.asarray(restored["w"]), weights)
