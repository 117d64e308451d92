"""Folders of a checkpoint, whatever wrote them: every file by itself, the tree as it is."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mithril import _files
from mithril._errors import InputError, StorageError
from mithril._storage import umask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from mithril._files import Level


@dataclass(frozen=True, slots=True)
class DirectorySummary:
    """What was done to a folder. Sizes are in bytes, times in seconds of the wall clock."""

    files: int
    original_bytes: int
    packed_bytes: int
    seconds: float

    @property
    def ratio(self) -> float:
        """Size of the originals divided by the size of the packed files; 1 without any."""
        return self.original_bytes / self.packed_bytes if self.packed_bytes else 1.0


def compress_directory(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    base: str | PathLike[str] | None = None,
    threads: int | None = None,
    level: Level = "default",
) -> DirectorySummary:
    """Compress every file of ``source`` into a new folder ``target``, as ``name.mith``.

    Folders are kept, empty ones too. ``base`` is the folder of an earlier checkpoint, compressed or
    not: a file is compared with the one of the same name there. ``target`` appears when it is
    complete; it must not exist.

    Raises a :class:`mithril.MithrilError`; a symbolic link or a device in ``source`` is an
    ``InputError``.
    """
    clock = time.monotonic()
    count = original_bytes = packed_bytes = 0
    source = Path(source)
    with _complete_folder(Path(target)) as building:
        for relative in _tree(source, building):
            found = _counterparts(relative, [Path(base)]) if base is not None else []
            chain = _beside(Path(base), relative)[:_CHAIN_MAX] if base is not None else []
            done = _files.compress(
                source / relative,
                building / f"{relative}{_files.SUFFIX}",
                base=found[0] if found else None,
                chain=chain if found else (),
                threads=threads,
                level=level,
            )
            count += 1
            original_bytes += done.original_bytes
            packed_bytes += done.packed_bytes
    return DirectorySummary(count, original_bytes, packed_bytes, time.monotonic() - clock)


def decompress_directory(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    bases: Sequence[str | PathLike[str]] | None = None,
    threads: int | None = None,
) -> DirectorySummary:
    """Restore the folder that ``source`` was compressed from into a new folder ``target``.

    ``bases`` are the folders of earlier checkpoints, compressed or not; by default, those beside
    ``source``. Everything is checked before ``target`` appears.

    Raises a :class:`mithril.MithrilError`.
    """
    clock = time.monotonic()
    count = original_bytes = packed_bytes = 0
    source = Path(source)
    with _complete_folder(Path(target)) as building:
        for stored in _tree(source, building):
            if stored.suffix != _files.SUFFIX:
                raise InputError(f"{source / stored}: expected a .mith file")
            relative = stored.with_suffix("")
            if bases is None:
                found = _beside(source, relative)
            else:
                found = _counterparts(relative, [Path(folder) for folder in bases])
            done = _files.decompress(
                source / stored, building / relative, bases=found, threads=threads
            )
            count += 1
            original_bytes += done.original_bytes
            packed_bytes += done.packed_bytes
    return DirectorySummary(count, original_bytes, packed_bytes, time.monotonic() - clock)


#: Earlier checkpoints that are looked at for the bases of a base.
_CHAIN_MAX = 64


def _counterparts(relative: Path, folders: Sequence[Path]) -> list[Path]:
    """Find the files of this name in these folders, compressed or not."""
    named = [
        place
        for folder in folders
        for place in (folder / f"{relative}{_files.SUFFIX}", folder / relative)
    ]
    return [place for place in named if place.is_file()]


def _beside(folder: Path, relative: Path) -> list[Path]:
    """Find the files of this name in the folders beside one, which is left out; newest first."""
    folder = folder.resolve()
    siblings = [
        place for place in folder.parent.iterdir() if place.is_dir() and place.resolve() != folder
    ]
    siblings.sort(key=lambda place: (-place.stat().st_mtime_ns, place.name))
    return _counterparts(relative, siblings)


def _tree(source: Path, building: Path) -> Iterator[Path]:
    """Make the folders of ``source`` in ``building``, and give its files in order."""
    if not source.is_dir():
        raise StorageError(f"{source}: expected a folder")
    for place in sorted(source.rglob("*")):
        relative = place.relative_to(source)
        if place.is_symlink() or not (place.is_dir() or place.is_file()):
            raise InputError(f"{place}: expected a file or a folder, found a link or a device")
        if place.is_dir():
            (building / relative).mkdir()
        else:
            yield relative


@contextlib.contextmanager
def _complete_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside ``target``, and rename it when the block has succeeded."""
    if target.exists():
        raise InputError(f"{target}: expected nothing there, found something")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(
            tempfile.mkdtemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
        )
    except OSError as error:
        raise StorageError(error.errno, f"create {target}: {error.strerror}") from error
    try:
        yield building
        building.chmod(0o777 & ~umask())
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
