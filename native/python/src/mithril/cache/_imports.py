"""Runs a function on a module as soon as it has been imported, without importing it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
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

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        patch = self.patches.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            if (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    self._run_after(spec, patch)
                return spec
        return None

    def _run_after(self, spec: ModuleSpec, patch: Patch) -> None:
        """Not every spec that is looked for gets imported: the patch stays until one is."""
        loader = spec.loader
        assert loader is not None
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self.patches.pop(spec.name, None)
            _apply(module, patch)

        loader.exec_module = exec_module  # type: ignore[method-assign]


_finder = _Finder()


def after_import(name: str, patch: Patch) -> None:
    """Call `patch` with the module: now if it is imported, else once it is."""
    if name in sys.modules:
        _apply(sys.modules[name], patch)
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.patches[name] = patch


def _apply(module: ModuleType, patch: Patch) -> None:
    try:
        patch(module)
    except Exception:
        log.warning("%s is used without the cache", module.__name__, exc_info=True)
