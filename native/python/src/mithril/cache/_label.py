"""The name of a program: equal in every checkout, on every machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "package.json")
DEPTH_MAX = 12


def default_label() -> str:
    """The module or the script that runs, relative to its project."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name).removesuffix(".__main__")
    script = getattr(main, "__file__", None)
    return label_of(Path(script)) if script else "interactive"


def label_of(script: Path) -> str:
    """``<project>:<path of the script in it>``; without a project the name of the script."""
    script = script.resolve()
    for folder in list(script.parents)[:DEPTH_MAX]:
        if any((folder / mark).exists() for mark in ROOT_MARKS):
            return f"{_project_name(folder)}:{script.relative_to(folder).as_posix()}"
    return script.name


def _project_name(folder: Path) -> str:
    """What pyproject.toml calls it; the folder's own name differs between checkouts."""
    try:
        text = (folder / "pyproject.toml").read_text()
    except OSError:
        return ""
    found = re.search(r"""^\s*name\s*=\s*["']([\w.-]+)["']""", text, re.MULTILINE)
    return found.group(1) if found else ""
