"""torch.compile through the interfaces that torch documents: one bundle of its portable artefacts.

For versions whose sources were not read. `torch.compiler.save_cache_artifacts` gives graphs and
autotuning results, not C++ kernels, so a hit still compiles those.
"""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING, Any

from mithril.cache import _files, _imports
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from mithril.cache._session import Session

log = logging.getLogger("mithril.cache")

FILE = "stock/mega"


def install(session: Session) -> None:
    """Load the bundle at the first `torch.compile`, save what the process added at its end."""
    state: dict[str, Any] = {}

    def patch(torch: Any) -> None:
        from mithril.cache._torch import set_cache_folder

        set_cache_folder(session)
        original = torch.compile

        @functools.wraps(original)
        def compile_with_cache(*args: Any, **kwargs: Any) -> Any:
            if "started" not in state:
                state["started"] = time.monotonic()
                _load(session, torch)
            return original(*args, **kwargs)

        torch.compile = compile_with_cache
        session.before_close(lambda: _save(session, torch, state))

    _imports.after_import("torch", patch)


def _load(session: Session, torch: Any) -> None:
    try:
        key = session.key("stock", session.label)
        place = session.units.folder / FILE
        started = time.monotonic()
        if not session.lookup(key, is_there=place.is_file):
            return
        data = _files.read(place)
        if data and torch.compiler.load_cache_artifacts(data) is not None:
            unit = session.units.find(key)
            if unit:
                session.hit(unit, time.monotonic() - started, is_inert=False)
    except Exception:
        log.warning("torch's artefacts were not loaded", exc_info=True)


def _save(session: Session, torch: Any, state: dict[str, Any]) -> None:
    key = session.key("stock", session.label)
    place = session.units.folder / FILE
    if "started" not in state or place.is_file():
        return
    found = torch.compiler.save_cache_artifacts()
    if found is None or not _files.write_whole(place, found[0]):
        return
    counters = torch._dynamo.utils.compile_times(repr="csv", aggregate=True)
    seconds = sum(float(value) for value in counters[1][:1]) if counters[1] else 0.0
    session.compiled(Unit(key, "stock", (FILE,), seconds))
