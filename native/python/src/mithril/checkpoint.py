"""Checkpoints as files: compress, restore, verify.

A ``.mith`` file holds one checkpoint. It may refer to a base, an earlier checkpoint, which is then
needed to restore it: name it, or keep its ``.mith`` file in the same folder.

The GIL is released while the codec works. A file appears under its name only when it is complete;
whatever ends the work early, Ctrl-C included, leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mithril import _native
from mithril._errors import InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Level", "Summary", "compress", "decompress", "verify"]

Level = Literal["fast", "default", "max"]
FilePath = str | os.PathLike[str]

SUFFIX = ".mith"


@dataclass(frozen=True, slots=True)
class Summary:
    """What an operation did. Sizes are in bytes, times in seconds of the wall clock."""

    original_bytes: int
    packed_bytes: int
    #: CRC-32 and CRC-64/NVME of the original, as S3 writes them in hexadecimal.
    crc32: str
    crc64nvme: str
    seconds: float
    #: The codec alone: no file access, no digests.
    codec_seconds: float
    #: Whether the packed file refers to a base.
    has_base: bool

    @property
    def ratio(self) -> float:
        """Size of the original divided by the size of the packed file."""
        return self.original_bytes / self.packed_bytes


def compress(
    source: FilePath,
    target: FilePath | None = None,
    *,
    base: FilePath | None = None,
    chain: Sequence[FilePath] = (),
    threads: int | None = None,
    level: Level = "default",
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Compress ``source`` into ``target``, by default ``source`` + ``.mith``.

    ``base`` is an earlier checkpoint, plain or ``.mith``; ``chain`` the files that its own bases
    are in, where they are not ``.mith`` files of the same folder. ``progress`` hears how many bytes
    of the original are done, and stops the work by returning ``False`` or by raising.

    Raises a :class:`mithril.MithrilError`.
    """
    source = Path(source)
    target = Path(target) if target is not None else source.with_name(source.name + SUFFIX)
    bases = [base, *chain] if base is not None else []
    if base is None and chain:
        raise InputError("chain: expected a base as well, found none")
    with _complete_only(target) as temporary:
        summary = _native.compress(
            source, temporary, source.name, bases, _threads(threads), level, progress
        )
    return _summary(summary)


def decompress(
    source: FilePath,
    target: FilePath,
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Restore the original of ``source`` into ``target``.

    Everything is checked before ``target`` appears: digests of the stored bytes, and checksums of
    the restored ones. ``bases`` are files that the base and its own bases are in.

    Raises a :class:`mithril.MithrilError`; then ``target`` is as it was.
    """
    with _complete_only(Path(target)) as temporary:
        summary = _native.decompress(source, temporary, bases, _threads(threads), progress)
    return _summary(summary)


def verify(
    source: FilePath,
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Restore ``source`` without writing it, and check all that :func:`decompress` does."""
    return _summary(_native.decompress(source, None, bases, _threads(threads), progress))


def _threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if threads < 1:
        raise InputError(f"threads: expected at least 1, found {threads}")
    return threads


@contextlib.contextmanager
def _complete_only(target: Path) -> Iterator[Path]:
    """Give a temporary file beside ``target``, and rename it when the block has succeeded."""
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent
        )
    except OSError as error:
        raise StorageError(
            error.errno, f"create a file beside {target}: {error.strerror}"
        ) from error
    temporary = Path(name)
    try:
        yield temporary
        os.fchmod(descriptor, _mode_of_new_files())
        os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _mode_of_new_files() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _summary(native: _native.Summary) -> Summary:
    return Summary(
        original_bytes=native.original_bytes,
        packed_bytes=native.packed_bytes,
        crc32=f"{native.crc32:08x}",
        crc64nvme=f"{native.crc64nvme:016x}",
        seconds=native.seconds,
        codec_seconds=native.codec_seconds,
        has_base=native.has_base,
    )
