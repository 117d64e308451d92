"""Where checkpoints lie: files, and objects named ``s3://bucket/key``."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mithril._errors import InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mithril import _native
    from mithril._s3 import Upload

FilePath = str | os.PathLike[str]

S3_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Connection:
    """How S3 is reached; what is not said comes from the environment and the AWS configuration."""

    endpoint_url: str | None = None
    region: str | None = None


def is_s3(place: FilePath) -> bool:
    """Whether the place is an object and not a file."""
    return isinstance(place, str) and place.startswith(S3_SCHEME)


def name_of(place: FilePath) -> str:
    """Name without folders."""
    return os.fspath(place).rsplit("/", 1)[-1]


def open_place(place: FilePath, connection: Connection) -> _native.Place:
    """Give what the native module reads: a path as it is, an object as ranges."""
    if not is_s3(place):
        return place
    from mithril._s3 import Object

    return Object(os.fspath(place), connection)


def open_places(places: Sequence[FilePath], connection: Connection) -> list[_native.Place]:
    """Do the same for several."""
    return [open_place(place, connection) for place in places]


def default_threads(threads: int | None) -> int:
    """Check the number, by default that of the cores this process may use."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if threads < 1:
        raise InputError(f"threads: expected at least 1, found {threads}")
    return threads


@contextlib.contextmanager
def complete_only(
    target: FilePath, connection: Connection, *, bytes_max: int | None = None
) -> Iterator[Path | Upload]:
    """Give something to write to that becomes ``target`` when the block has succeeded.

    Whatever ends the block early leaves the target as it was, and nothing behind. ``bytes_max`` is
    what will be written at most, where that is known.
    """
    if not is_s3(target):
        with _complete_file(Path(target)) as temporary:
            yield temporary
        return
    from mithril._s3 import Upload

    upload = Upload(os.fspath(target), connection, bytes_max=bytes_max)
    try:
        yield upload
        upload.complete()
    except BaseException as error:
        try:
            upload.abort()
        except StorageError as failure:
            error.add_note(f"parts of it may be left in the bucket: {failure}")
        raise
    finally:
        upload.close()


@contextlib.contextmanager
def _complete_file(target: Path) -> Iterator[Path]:
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
        os.fchmod(descriptor, 0o666 & ~umask())
        os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def umask() -> int:
    """Say which permissions new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
