"""Sentences for people, the same as those of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mithril._directories import DirectorySummary

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def size_text(size: float) -> str:
    """Size in the largest unit that it fills, with three digits."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size /= 1024
        unit += 1
    digits = 0 if unit == 0 or size >= 100 else 1 if size >= 10 else 2
    return f"{size:.{digits}f} {_UNITS[unit]}"


def compressed_line(done: DirectorySummary) -> str:
    """Say what a compression did."""
    speed = done.original_bytes / max(done.seconds, 1e-9)
    return (
        f"mithril-checkpoint: Compressed {size_text(done.original_bytes)} → "
        f"{size_text(done.packed_bytes)} ({done.ratio:.1f}x) in {done.seconds:.1f}s "
        f"({size_text(speed)}/s)"
    )
