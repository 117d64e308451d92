"""Files and objects: compress, restore, verify. The page of ``mithril.checkpoint`` says more."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mithril import _native
from mithril._errors import InputError
from mithril._storage import (
    Connection,
    FilePath,
    complete_only,
    default_threads,
    is_s3,
    name_of,
    open_place,
    open_places,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Level = Literal["fast", "default", "max"]

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
    endpoint_url: str | None = None,
    region: str | None = None,
) -> Summary:
    """Compress ``source`` into ``target``, by default ``source`` + ``.mith``.

    ``base`` is an earlier checkpoint, plain or ``.mith``; ``chain`` the files that its own bases
    are in, where they are not ``.mith`` files of the same folder. ``progress`` hears how many bytes
    of the original are done, and stops the work by returning ``False`` or by raising.

    Raises a :class:`mithril.MithrilError`.
    """
    connection = Connection(endpoint_url, region)
    if target is None:
        target = f"{source}{SUFFIX}"
    bases = [base, *chain] if base is not None else []
    if base is None and chain:
        raise InputError("chain: expected a base as well, found none")
    count = default_threads(threads)
    with (
        _ahead(source, connection) as (place, size),
        complete_only(target, connection, bytes_max=size) as out,
    ):
        opened = open_places(bases, connection)
        name = name_of(source)
        summary = _native.compress(place, out, name, opened, count, level, progress)
    return summary_of(summary)


def decompress(
    source: FilePath,
    target: FilePath,
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
) -> Summary:
    """Restore the original of ``source`` into ``target``.

    Everything is checked before ``target`` appears: digests of the stored bytes, and checksums of
    the restored ones. ``bases`` are files that the base and its own bases are in.

    Raises a :class:`mithril.MithrilError`; then ``target`` is as it was.
    """
    connection = Connection(endpoint_url, region)
    count = default_threads(threads)
    place, opened = open_place(source, connection), open_places(bases, connection)
    size = _native.Reader(place, opened).size if is_s3(target) else None
    with complete_only(target, connection, bytes_max=size) as out:
        summary = _native.decompress(place, out, opened, count, progress)
    return summary_of(summary)


def verify(
    source: FilePath,
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
) -> Summary:
    """Restore ``source`` without writing it, and check all that :func:`decompress` does."""
    connection = Connection(endpoint_url, region)
    place, opened = open_place(source, connection), open_places(bases, connection)
    return summary_of(_native.decompress(place, None, opened, default_threads(threads), progress))


@contextlib.contextmanager
def _ahead(source: FilePath, connection: Connection) -> Iterator[tuple[_native.Place, int | None]]:
    """Open what is read from front to back, and say how large it is if that is known."""
    if not is_s3(source):
        place = Path(source)
        yield place, place.stat().st_size if place.is_file() else None
        return
    from mithril._s3 import Ahead, Object

    ahead = Ahead(Object(str(source), connection))
    with contextlib.closing(ahead):
        yield ahead, ahead.size


def summary_of(native: _native.Summary) -> Summary:
    """Give what the native module says, in Python's terms."""
    return Summary(
        original_bytes=native.original_bytes,
        packed_bytes=native.packed_bytes,
        crc32=f"{native.crc32:08x}",
        crc64nvme=f"{native.crc64nvme:016x}",
        seconds=native.seconds,
        codec_seconds=native.codec_seconds,
        has_base=native.has_base,
    )
