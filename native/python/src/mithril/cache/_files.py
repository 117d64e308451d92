"""Files of the local layer: shared by processes, whole or absent, never an error to the caller."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import threading
from pathlib import Path

PRUNE_TO = 0.8


def write_whole(path: Path, data: bytes) -> bool:
    """Write a file so that others see all of it or nothing; whether it worked."""
    temporary = path.with_name(f".{path.name[:80]}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        return False
    return True


def read(path: Path) -> bytes | None:
    """The bytes of a file; None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def read_memo(path: Path, key: str) -> str | None:
    """A value that was remembered for this key."""
    known, _, value = (read(path) or b"").decode("utf-8", "replace").partition("\n")
    return value if value and known == key else None


def write_memo(path: Path, key: str, value: str) -> None:
    """Remember a value; the last key only."""
    write_whole(path, f"{key}\n{value}".encode())


def usable_folder(wanted: Path | None) -> tuple[Path, bool]:
    """A folder for this user's compiled code, and whether later processes will find it.

    What lies in it gets loaded, so it must be this user's and closed to others. Where the home
    cannot be written to, a folder that ends with the process has to do.
    """
    place = wanted or _default_folder()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_private(place) and _can_write(place):
            return place, True
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="mithril-cache-")), False


def _default_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(base) / "mithril" / "compile"


def _is_private(place: Path) -> bool:
    status = place.stat()
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return False
    return not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _can_write(place: Path) -> bool:
    return write_whole(place / "writable", b"")


def prune(root: Path, bytes_max: int) -> int:
    """Delete what was used longest ago until the folder is within its bound; bytes deleted."""
    found: list[tuple[float, int, str]] = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - tens of thousands of them
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                found.append((max(status.st_atime, status.st_mtime), status.st_size, path))
    total = sum(size for _, size, _ in found)
    if total <= bytes_max:
        return 0
    deleted = 0
    for _, size, path in sorted(found):
        if total - deleted <= bytes_max * PRUNE_TO:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
            deleted += size
    return deleted
