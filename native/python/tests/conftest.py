"""Inputs of the tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import MakeCheckpoint


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> MakeCheckpoint:
    def make(name: str, count: int, changed: float = 0.0) -> Path:
        random = np.random.default_rng(7)
        weights = random.normal(scale=0.02, size=count).astype(np.float32)
        touched = random.random(count) < changed
        weights[touched] *= np.float32(1.01)
        header = {"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, weights.nbytes]}}
        text = json.dumps(header).encode()
        path = tmp_path / name
        path.write_bytes(len(text).to_bytes(8, "little") + text + weights.tobytes())
        return path

    return make
