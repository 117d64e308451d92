"""Runs a function on a module as soon as it has been imported, without importing it.

Also speeds up imports of large packages: they make some hundred thousand objects that stay, which
Python's collector of cycles walks through again and again meanwhile.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

log = logging.getLogger("mithril.cache")

Patch = Callable[[ModuleType], None]


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.patches: dict[str, Patch] = {}
        self.large: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        patch = self.patches.get(name)
        if patch is None and name not in self.large:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            if (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    self._run_after(spec, patch)
                return spec
        return None

    def _run_after(self, spec: ModuleSpec, patch: Patch | None) -> None:
        """Not every spec that is looked for gets imported: the patch stays until one is."""
        loader = spec.loader
        assert loader is not None
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            is_large = spec.name in self.large
            with _without_collector() if is_large else contextlib.nullcontext():
                execute(module)
            self.patches.pop(spec.name, None)
            if patch is not None:
                _apply(module, patch)

        loader.exec_module = exec_module  # type: ignore[method-assign]


_finder = _Finder()


def after_import(name: str, patch: Patch) -> None:
    """Call `patch` with the module: now if it is imported, else once it is."""
    if name in sys.modules:
        _apply(sys.modules[name], patch)
        return
    _watch()
    _finder.patches[name] = patch


def speed_up(*names: str) -> None:
    """Import these modules, and what they import, without Python's collector of cycles."""
    _watch()
    _finder.large.update(names)


def _watch() -> None:
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    if not gc.isenabled():  # by the program, or by the import of which this one is a part
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            # What came in is old now: else the next collections would walk through all of it.
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def _apply(module: ModuleType, patch: Patch) -> None:
    try:
        patch(module)
    except Exception:
        log.warning("%s is used without the cache", module.__name__, exc_info=True)
