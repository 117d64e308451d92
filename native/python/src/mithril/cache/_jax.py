"""JAX's persistent compilation cache, on the layers of this process.

JAX has a public setting for a folder and none for another place. The folder is set (so that JAX
takes its cache to be in use); what it opens there is replaced: `get_file_cache` of
`jax._src.compilation_cache`, in the versions in `TESTED`. With any other version the folder alone
is set: entries are then shared by the processes of this user, not by machines.
"""

from __future__ import annotations

import logging
import re
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithril.cache import _files, _imports
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from mithril.cache._session import Session

TESTED = ("0.10",)
log = logging.getLogger("mithril.cache")


def install(session: Session) -> None:
    """Prepare for JAX, imported or not."""
    try:
        version = metadata.version("jax")
    except metadata.PackageNotFoundError:
        return
    is_tested = version.startswith(tuple(f"{one}." for one in TESTED))

    def patch(module: Any) -> None:
        if not is_tested:
            session.say_once(
                f"jax {version} is not one of {', '.join(TESTED)}: cached locally only"
            )
        _set_folder(session, module)
        if is_tested:
            _replace_cache(session, module)

    _imports.after_import("jax._src.compilation_cache", patch)


def _set_folder(session: Session, module: Any) -> None:
    if not module.config.compilation_cache_dir.value:
        folder = session.units.folder / "jax"
        module.config.config.update("jax_compilation_cache_dir", str(folder))
    # XLA's own cache for GPUs lies in that folder, and JAX takes its path into every key. What it
    # holds is part of the executables that are kept here.
    module.config.config.update("jax_persistent_cache_enable_xla_caches", "none")


def _replace_cache(session: Session, module: Any) -> None:
    layer = _JaxLayer(session)

    class MithrilCache(module.CacheInterface):  # type: ignore[misc]
        def __init__(self, path: str) -> None:
            self._path = Path(path)

        def get(self, key: str) -> bytes | None:
            return layer.get(key)

        def put(self, key: str, value: bytes) -> None:
            layer.put(key, value)

    def get_file_cache(path: str) -> tuple[Any, str]:
        return MithrilCache(path), path

    module.get_file_cache = get_file_cache


class _JaxLayer:
    """Executables under JAX's own keys, within the environment."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.missed: dict[str, float] = {}

    def get(self, key: str) -> bytes | None:
        try:
            started = time.monotonic()
            unit = self.session.key("jax", key)
            place = self._place(key)
            if self.session.lookup(unit, is_there=place.is_file):
                data = _files.read(place)
                if data is not None:
                    self._hit(unit, time.monotonic() - started)
                    return data
            self.missed[key] = started
        except Exception:
            log.warning("the cache was not asked for an executable", exc_info=True)
        return None

    def _hit(self, key: str, seconds: float) -> None:
        if (unit := self.session.units.find(key)) is not None:
            self.session.hit(unit, seconds, is_inert=False)

    def put(self, key: str, value: bytes) -> None:
        try:
            seconds = time.monotonic() - self.missed.pop(key, time.monotonic())
            if _files.write_whole(self._place(key), value):
                name = f"blobs/{_file_name(key)}"
                self.session.compiled(Unit(self.session.key("jax", key), "jax", (name,), seconds))
        except Exception:
            log.warning("an executable was not kept", exc_info=True)

    def _place(self, key: str) -> Path:
        return self.session.units.folder / "blobs" / _file_name(key)


def _file_name(key: str) -> str:
    return "jax-" + re.sub(r"[^\w.-]", "_", key)[:200]
