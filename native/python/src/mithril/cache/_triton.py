"""Triton's kernels: its file cache, filled from ours.

The manager is Triton's own `FileCacheManager`; before it looks for a group of files, ours brings
the group. Triton writes absolute paths into a group's index: here the members are found by name.
Tested with Triton 3.9.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithril.cache import _files, _imports
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from mithril.cache._session import Session

log = logging.getLogger("mithril.cache")


def install(session: Session) -> None:
    """Prepare for Triton, unless another cache manager was chosen."""
    if not os.environ.get("TRITON_CACHE_MANAGER"):
        _imports.after_import("triton.runtime.cache", functools.partial(_patch, session))


def _patch(session: Session, module: Any) -> None:
    # Worker processes of torch inherit the folder, and then use Triton's own manager in it.
    os.environ.setdefault("TRITON_CACHE_DIR", str(session.units.folder / "triton"))
    module.FileCacheManager = manager_class(session, module.FileCacheManager)


def manager_class(session: Session, base: Any) -> Any:
    """A cache manager on the layers of this process."""

    class MithrilCacheManager(base):  # type: ignore[misc]
        def __init__(self, key: str, override: bool = False, dump: bool = False) -> None:
            super().__init__(key, override=override, dump=dump)
            self._layer = _Group(session, key, Path(self.cache_dir))
            self._is_plain = override or dump

        def get_group(self, filename: str) -> dict[str, str] | None:
            if self._is_plain:
                found: dict[str, str] | None = super().get_group(filename)
                return found
            return self._layer.get(filename)

        def put_group(self, filename: str, group: dict[str, str]) -> Any:
            written = super().put_group(filename, group)
            if not self._is_plain:
                self._layer.put(filename, group)
            return written

    return MithrilCacheManager


class _Group:
    """The files of one kernel, in Triton's folder for its key."""

    missed: dict[str, float]

    def __init__(self, session: Session, key: str, folder: Path) -> None:
        self.session, self.key, self.folder = session, key, folder
        self.missed = {}

    def get(self, filename: str) -> dict[str, str] | None:
        index = self.folder / f"__grp__{filename}"
        try:
            started = time.monotonic()
            unit = self._unit_key(filename)
            if not self._is_ours():
                return self._members(index)
            if self.session.lookup(unit, is_there=index.is_file):
                members = self._members(index)
                found = self.session.units.find(unit)
                if members and found:
                    self.session.hit(found, time.monotonic() - started, is_inert=False)
                return members
            self.missed[filename] = started
        except Exception:
            log.warning("the cache was not asked for a kernel", exc_info=True)
        return None

    def put(self, filename: str, group: dict[str, str]) -> None:
        try:
            if not self._is_ours():
                return
            started = self.missed.pop(filename, time.monotonic())
            paths = [self.folder / name for name in (*group, f"__grp__{filename}")]
            root = self.session.units.folder
            files = tuple(path.relative_to(root).as_posix() for path in paths)
            seconds = time.monotonic() - started
            self.session.compiled(Unit(self._unit_key(filename), "triton", files, seconds))
        except Exception:
            log.warning("a kernel was not kept", exc_info=True)

    def _unit_key(self, filename: str) -> str:
        return self.session.key("triton", f"{self.key}/{filename}")

    def _is_ours(self) -> bool:
        """Whether the folder is below that of the environment, whatever TRITON_CACHE_DIR says."""
        return self.session.units.folder in self.folder.parents

    def _members(self, index: Path) -> dict[str, str] | None:
        try:
            names = json.loads(_files.read(index) or b"")["child_paths"]
        except (ValueError, KeyError, TypeError):
            return None
        paths = {name: self.folder / Path(name).name for name in names}
        return {name: str(path) for name, path in paths.items() if path.is_file()}
