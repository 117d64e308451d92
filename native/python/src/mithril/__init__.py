"""Lossless compression of model checkpoints.

``mithril.torch`` and ``mithril.numpy`` have the functions of safetensors' modules of these names.
"""

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
from mithril._load import safe_open

__all__ = [
    "CancelledError",
    "CompatibilityError",
    "CorruptionError",
    "InputError",
    "InternalError",
    "MithrilError",
    "StorageError",
    "checkpoint",
    "safe_open",
]
