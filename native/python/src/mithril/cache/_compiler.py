"""Which C++ compiler torch would start: found without starting it.

The compiler is named by the SHA-256 of its program, which holds its version, its vendor's build and
its defaults. What stands before a compiler (ccache and its like, a script) is looked through, since
it does not change what is compiled.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from mithril.cache import _files

WRAPPERS = {"ccache", "sccache", "distcc", "icecc", "buildcache"}
SCRIPT_BYTES_MAX = 64 << 10
PROGRAM_BYTES_MAX = 512 << 20
DEPTH_MAX = 4


def command() -> str:
    """The command that torch uses for C++."""
    return os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")


def identity(memo: Path | None) -> str:
    """Name and digest of the compiler behind `command`, or "none"."""
    try:
        words = shlex.split(command())
    except ValueError:
        return "none"
    if words and Path(words[0]).name in WRAPPERS:
        words = words[1:]
    program = shutil.which(words[0]) if words else None
    if program is None:
        return "none"
    real = _look_through(Path(program), words[0], DEPTH_MAX)
    flags = " ".join(words[1:])
    return f"{_digest(real, memo)} {flags}".strip()


def _look_through(program: Path, name: str, depth: int) -> Path:
    real = Path(os.path.realpath(program))
    if depth == 0:
        return real
    if real.name in WRAPPERS:
        found = _next_on_path(program, Path(name).name)
        return _look_through(found, name, depth - 1) if found else real
    if (named := _program_in_script(real)) is not None:
        return _look_through(named, name, depth - 1)
    return real


def _next_on_path(program: Path, name: str) -> Path | None:
    for folder in os.get_exec_path():
        candidate = Path(folder) / name
        is_other = candidate != program and os.access(candidate, os.X_OK)
        if is_other and Path(os.path.realpath(candidate)).name not in WRAPPERS:
            return candidate
    return None


def _program_in_script(path: Path) -> Path | None:
    """The one compiler that a script names by its full path; None if this is no such script."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"#!":
                return None
            text = file.read(SCRIPT_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return None
    first, _, rest = text.partition("\n")
    named = {Path(word) for word in re.findall(r"/[\w./+-]+", rest)} - {Path(first.split()[0])}
    compilers = {one for one in named if re.search(r"(\+\+|cc|clang)(-[\d.]+)?$", one.name)}
    real = {one for one in compilers if one.is_file() and os.access(one, os.X_OK)}
    return real.pop() if len(real) == 1 else None


def _digest(path: Path, memo: Path | None) -> str:
    status = path.stat()
    about = f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
    if memo and (known := _files.read_memo(memo / "compiler", about)):
        return known
    if status.st_size > PROGRAM_BYTES_MAX:
        return f"{path.name} of {status.st_size} bytes"
    with path.open("rb") as file:
        value = f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    if memo:
        _files.write_memo(memo / "compiler", about, value)
    return value
