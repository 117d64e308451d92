"""Where the golden files are, and what the fixtures give."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "test" / "golden" / "v1"


class MakeCheckpoint(Protocol):
    """Write a safetensors file of one fp32 tensor, of which a share is changed."""

    def __call__(self, name: str, count: int, changed: float = 0.0) -> Path: ...
