"""What an installed package consists of: equal on all machines with the same files.

pip and uv write the SHA-256 of every file of a wheel into RECORD. A Python file that is listed
there, has the listed size and is not newer than RECORD is taken as listed; any other is read. So
the key costs a look at each file's status (torch's own reads all 2,400 files at each start), and an
edited file still changes it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from importlib import metadata
from pathlib import Path

from mithril.cache import _files

# What is compiled into kernels' command lines and sources beside the Python files.
HASHED_SUFFIXES = (".py", ".h", ".hpp", ".cuh", ".cpp", ".ld", ".so", ".so.1", ".bc")


def identity(package: str, memo: Path | None) -> str | None:
    """Version and digest of a package's files; None if it is not installed."""
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None
    version = found.version
    record = _record_file(found)
    root = Path(str(found.locate_file(package)))
    if not root.is_dir():
        return version
    status = _statuses(root)
    stat_key = _digest_of_statuses(status, record)
    if memo and (known := _files.read_memo(memo / f"package-{package}", stat_key)):
        return known
    value = f"{version} {_content_digest(root, status, record)}"
    if memo:
        _files.write_memo(memo / f"package-{package}", stat_key, value)
    return value


def _record_file(found: metadata.Distribution) -> Path | None:
    path = getattr(found, "_path", None)
    record = Path(path) / "RECORD" if path else None
    return record if record and record.is_file() else None


def _statuses(root: Path) -> list[tuple[str, int, int]]:
    """(path from the parent of root, bytes, mtime in ns) of the Python files, in order."""
    cut = len(str(root.parent)) + 1
    found: list[tuple[str, int, int]] = []
    waiting = [str(root)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append((entry.path[cut:], status.st_size, status.st_mtime_ns))
    found.sort()
    return found


def _digest_of_statuses(status: list[tuple[str, int, int]], record: Path | None) -> str:
    about = [record.stat().st_size, record.stat().st_mtime_ns] if record else []
    text = json.dumps([about, status])
    return hashlib.sha256(text.encode()).hexdigest()


def _content_digest(root: Path, status: list[tuple[str, int, int]], record: Path | None) -> str:
    listed = _listed(record) if record else {}
    installed_ns = record.stat().st_mtime_ns if record else 0
    total = hashlib.sha256()
    present = set()
    for name, size, mtime_ns in status:
        present.add(name)
        digest, listed_size = listed.get(name, ("", -1))
        if size != listed_size or mtime_ns > installed_ns:
            digest = _digest_as_listed(root.parent / name)
        total.update(f"{name} {digest}\n".encode())
    # Compiled code and headers: as listed. They are large, and nobody edits them in place.
    for name, (digest, _) in sorted(listed.items()):
        if name not in present and not name.endswith(".py"):
            total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()


def _listed(record: Path) -> dict[str, tuple[str, int]]:
    listed: dict[str, tuple[str, int]] = {}
    for line in record.read_text().splitlines():
        name, _, rest = line.partition(",")
        digest, _, size = rest.rpartition(",")
        is_relevant = name.endswith(HASHED_SUFFIXES) and not name.startswith(("..", "/"))
        if is_relevant and digest.startswith("sha256="):
            listed[name] = (digest.removeprefix("sha256="), int(size or -1))
    return listed


def _digest_as_listed(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
