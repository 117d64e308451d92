"""A compile cache for torch.compile, Triton and JAX, shared by machines over HTTP.

With ``MITHRIL_CACHE_URL`` set, importing this module before torch is all there is to do; without,
call `enable`. Whatever goes wrong with the cache, the program compiles as it would without it.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
from typing import Any

from mithril.cache._session import Session

__all__ = ["enable", "is_enabled", "report"]

_session: Session | None = None


def enable(url: str | None = None, **settings: Any) -> None:
    """Use the cache in this process, from now on.

    ``url``: the server, such as ``http://127.0.0.1:7823``; without one (and without
    ``MITHRIL_CACHE_URL``), the local folder alone. Other settings: ``token``, ``public_keys``,
    ``signing_key``, ``label``, ``folder`` and more, see docs/cache/python.md; what is not given is
    taken from the environment. A second call changes nothing.
    """
    global _session
    if _session is not None or os.environ.get("MITHRIL_CACHE", "").lower() in ("0", "off"):
        return
    from mithril.cache._settings import read_settings

    session = Session(read_settings({"url": url, **settings}))
    from mithril.cache import _imports, _jax, _torch, _triton

    _imports.speed_up("torch", "torch._dynamo", "torch._inductor.compile_fx", "jax")
    for framework in (_torch, _triton, _jax):
        framework.install(session)
    atexit.register(session.close)
    _session = session


def is_enabled() -> bool:
    """Whether this process uses the cache."""
    return _session is not None


def report() -> dict[str, Any]:
    """What the cache did in this process so far: hits, misses, seconds saved, requests, reasons."""
    return _session.report() if _session else {}


def _enables_itself() -> bool:
    """Whether the import alone is to enable the cache.

    Torch's compile workers only run compilers for a process that has the cache; the command line
    enables it under the name of the program that it runs.
    """
    words = sys.orig_argv
    is_worker = any("compile_worker" in word for word in words)
    is_command_line = ("-m", "mithril.cache") in itertools.pairwise(words)
    return bool(os.environ.get("MITHRIL_CACHE_URL")) and not is_worker and not is_command_line


if _enables_itself():
    enable()
