"""Lossless compression of model checkpoints."""

from mithril import checkpoint
from mithril._errors import (
    CancelledError,
    CompatibilityError,
    CorruptionError,
    InputError,
    InternalError,
    MithrilError,
    StorageError,
)

__all__ = [
    "CancelledError",
    "CompatibilityError",
    "CorruptionError",
    "InputError",
    "InternalError",
    "MithrilError",
    "StorageError",
    "checkpoint",
]
