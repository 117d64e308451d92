"""torch.compile: its own local caches, filled from ours, under keys that fit every machine.

torch keeps compiled graphs, AOTAutograd's results and C++ kernels as files below one folder. That
folder is made one of the environment (`_environment`), and whatever a compile adds to it is a unit.
What is changed in torch, and why:

- `torch_key`, `triton_key`: taken from the installed files' records, not rehashed at each start.
- `FxGraphHashDetails`: the compiler's command becomes the compiler's identity.
- `write` for C++: the command line in a kernel's key loses its paths and gets the fingerprint of
  the environment, so that a kernel is found elsewhere, and only where it may run.
- `_precompile_header`, `check_build`, the compiler's version: not asked for where it is known.
- `iterate_over_candidates`: before torch looks into its folder, ours brings the unit there.

Written against the sources of the versions in `TESTED`; with any other, `_torch_stock` takes over.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithril.cache import _imports, _torch_compiler, _torch_stock
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mithril.cache._session import Session

TESTED = ("2.15",)
log = logging.getLogger("mithril.cache")


def install(session: Session) -> None:
    """Prepare for torch, imported or not."""
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return
    if not version.startswith(tuple(f"{one}." for one in TESTED)):
        session.say_once(
            f"torch {version} is not one of {', '.join(TESTED)}: its stock interfaces are used,"
            " C++ kernels are compiled on each machine"
        )
        _torch_stock.install(session)
        return
    if session.settings.stock_interfaces:
        _torch_stock.install(session)
        return
    if session.settings.portable_threads:
        # Kernels then ask OpenMP for the number of threads, and one compile serves them all.
        os.environ.setdefault("TORCHINDUCTOR_CPP_DYNAMIC_THREADS", "1")
    layer = _TorchLayer(session)
    _imports.after_import("torch._inductor.codecache", layer.patch_codecache)
    _imports.after_import(
        "torch._functorch._aot_autograd.autograd_cache", layer.patch_autograd_cache
    )
    _imports.after_import("torch._inductor.cpu_vec_isa", layer.compiler.patch_vec_isa)
    _imports.after_import("torch._inductor.cpp_builder", layer.compiler.patch_cpp_builder)
    session.before_close(layer.keep_loose_graphs)


class _Open(threading.local):
    """What this thread compiles or loads."""

    def __init__(self) -> None:
        self.graph = ""
        self.kernels: list[str] = []
        self.compiled = 0
        self.in_autograd = False
        self.autograd_key: str | None = None
        self.is_broken = False
        self.loading = contextlib.ExitStack()
        self.factors: dict[str, str] = {}


class _TorchLayer:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.compiler = _torch_compiler.CompilerLayer(session, self._note_kernel)
        self.open = _Open()
        self.lock = threading.Lock()
        # Graph key -> names of its kernels' files, and when a key was missed.
        self.kernels: dict[str, list[str]] = {}
        self.missed: dict[tuple[str, str], float] = {}
        self.loose: dict[str, tuple[float, dict[str, str]]] = {}

    # torch._inductor.codecache

    def patch_codecache(self, module: Any) -> None:
        set_cache_folder(self.session)
        factors = self.session.environment.factors
        module.torch_key.clear()
        module.torch_key.set(hashlib.sha256(factors["torch"].encode()).digest())
        if "triton" in factors:
            module.triton_key.clear()
            module.triton_key.set(factors["triton"])
        self.compiler.patch_codecache(module)
        self._patch_hash_details(module)
        self._patch_candidates(module)
        self._patch_graph_cache(module.FxGraphCache)

    def _patch_hash_details(self, module: Any) -> None:
        details = module.FxGraphHashDetails
        original = details.__init__
        identity = self.session.environment.factors["compiler"]
        toolchain = self.session.toolchain

        @functools.wraps(original)
        def initialize(this: Any, *args: Any, **kwargs: Any) -> None:
            original(this, *args, **kwargs)
            config = dict(this.inductor_config)
            if _torch_compiler.is_default(config.get("cpp.cxx")):
                config["cpp.cxx"] = identity
            this.inductor_config = config
            this.mithril_toolchain = toolchain

        details.__init__ = initialize

    def _patch_candidates(self, module: Any) -> None:
        layer = self
        original = module.GuardedCache.iterate_over_candidates.__func__

        def iterate_over_candidates(
            cls: Any, local: bool, remote_cache: Any, key: str
        ) -> Iterator[Any]:
            if local:
                layer._before_lookup(cls, key)
            yield from original(cls, local, remote_cache, key)

        module.GuardedCache.iterate_over_candidates = classmethod(iterate_over_candidates)

    def _before_lookup(self, cls: Any, key: str) -> None:
        try:
            kind = "graph" if cls.__name__ == "FxGraphCache" else "autograd"
            if kind == "graph":
                self._open_graph(key)
            folder = Path(cls._get_tmp_dir_for_key(key))
            unit = self.session.key(kind, key)
            if self.session.lookup(unit, is_there=lambda: _has_entries(folder)):
                self.missed.pop((kind, key), None)
            else:
                self.missed[kind, key] = time.monotonic()
        except Exception:
            log.warning("the cache was not asked for a graph", exc_info=True)

    def _open_graph(self, key: str) -> None:
        self.open.graph = key
        with self.lock:
            self.kernels.setdefault(key, [])

    def _note_kernel(self, path: Path, is_there: bool) -> None:
        """A kernel's file is used, or about to be compiled."""
        name = self._name(path)
        with self.lock:
            names = self.kernels.setdefault(self.open.graph, [])
            if name not in names:
                names.append(name)
        if not is_there:
            self.open.compiled += 1

    def _patch_graph_cache(self, cache: Any) -> None:
        layer = self
        write, load = cache._write_to_local_cache, cache.load_with_key

        def _write_to_local_cache(key: str, content: bytes) -> None:
            write(key, content)
            if ("graph", key) in layer.missed:
                layer._saved_graph(key)

        def load_with_key(key: str, *args: Any, **kwargs: Any) -> Any:
            started, compiled = time.monotonic(), layer.open.compiled
            try:
                graph, info = load(key, *args, **kwargs)
            except Exception as error:
                # Torch takes only some of the errors of a kernel that does not load for a miss.
                layer._take_out(key, error)
                graph, info = load(key, *args, **kwargs)
            if graph is not None and not layer.open.in_autograd:
                layer._loaded("graph", key, started, compiled)
            return graph, info

        cache._write_to_local_cache = staticmethod(_write_to_local_cache)
        cache.load_with_key = staticmethod(load_with_key)

    # torch._functorch._aot_autograd.autograd_cache

    def patch_autograd_cache(self, module: Any) -> None:
        layer, cache = self, module.AOTAutogradCache
        load, save, make_key = cache.try_load, cache.save, module.autograd_cache_key
        look_up = cache._lookup

        def _lookup(*args: Any, **kwargs: Any) -> Any:
            found = look_up(*args, **kwargs)
            if found is not None and layer.open.autograd_key:
                unit = layer.session.key("autograd", layer.open.autograd_key)
                layer.open.loading.enter_context(layer.session.loading(unit))
            return found

        def autograd_cache_key(*args: Any, **kwargs: Any) -> Any:
            key, lines = make_key(*args, **kwargs)
            layer.open.factors = _factors_of(lines)
            layer.open.autograd_key = key
            return key, lines

        def try_load(*args: Any, **kwargs: Any) -> Any:
            started, compiled = time.monotonic(), layer.open.compiled
            layer.open.in_autograd, layer.open.autograd_key = True, None
            layer.open.is_broken = False
            try:
                function, config = load(*args, **kwargs)
            finally:
                layer.open.in_autograd = False
                layer.open.loading.close()
            key = layer.open.autograd_key
            if key is not None and function is not None:
                layer._loaded("autograd", key, started, compiled)
            elif key is not None:
                if layer.open.is_broken:
                    layer._broken(key)
                layer.missed.setdefault(("autograd", key), started)
            return function, config

        def _save(key: str, entry: Any, remote: bool) -> None:
            save(key, entry, remote)
            graphs = [
                part.fx_graph_cache_info[0]
                for part in (entry.compiled_fw, entry.compiled_bw)
                if part is not None and hasattr(part, "fx_graph_cache_info")
            ]
            layer._saved("autograd", key, Path(cache._get_tmp_dir_for_key(key)), graphs)

        module.autograd_cache_key = autograd_cache_key
        cache._lookup = staticmethod(_lookup)
        cache.try_load = staticmethod(try_load)
        cache.save = staticmethod(_save)

    # Units

    def _saved_graph(self, key: str) -> None:
        """A graph is a unit of its own, unless a result of AOTAutograd takes it in."""
        missed = self.missed.pop(("graph", key))
        with self.lock:
            self.loose[key] = (time.monotonic() - missed, dict(self.open.factors))

    def keep_loose_graphs(self) -> None:
        """At the end: those that nothing took in, because AOTAutograd's cache was bypassed."""
        for key, (seconds, factors) in self.loose.items():
            files = (*self._entries(self._graph_folder(key)), *self.kernels.get(key, []))
            unit = self.session.key("graph", key)
            self.session.compiled(Unit(unit, "graph", files, seconds, factors))

    def _graph_folder(self, key: str) -> Path:
        return self._root() / "fxgraph" / key[1:3] / key

    def _saved(self, kind: str, key: str, folder: Path, graphs: list[str]) -> None:
        try:
            missed = self.missed.pop((kind, key), None)
            if missed is None or not _has_entries(folder):
                return
            files = [*self._entries(folder)]
            for graph in graphs or [self.open.graph]:
                files += self._entries(self._graph_folder(graph))
                files += self.kernels.get(graph, [])
                self.loose.pop(graph, None)
            unit_files = tuple(dict.fromkeys(files))
            seconds = time.monotonic() - missed
            unit = Unit(
                self.session.key(kind, key), kind, unit_files, seconds, dict(self.open.factors)
            )
            self.session.compiled(unit)
        except Exception:
            log.warning("a compiled graph was not kept", exc_info=True)

    def _loaded(self, kind: str, key: str, started: float, compiled: int) -> None:
        try:
            unit = self.session.units.find(self.session.key(kind, key))
            if unit is None:
                # Torch's own entry, without a record of ours: nothing is known about it.
                return
            seconds = time.monotonic() - started
            self.session.hit(unit, seconds, is_inert=self.open.compiled > compiled)
        except Exception:
            log.warning("a hit was not counted", exc_info=True)

    def _take_out(self, key: str, error: Exception) -> None:
        log.warning("graph %s does not load and is compiled again: %s", key, error)
        self.open.is_broken = True
        for name in (*self._entries(self._graph_folder(key)), *self.kernels.get(key, [])):
            (self._root() / name).unlink(missing_ok=True)

    def _broken(self, key: str) -> None:
        """A result was found and does not load: a kernel that the system refuses, most likely."""
        self.session.broken(self.session.key("autograd", key), "torch could not load it")

    def _entries(self, folder: Path) -> list[str]:
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            return []
        return [self._name(path) for path in paths if not path.name.startswith(".")]

    def _root(self) -> Path:
        return self.session.units.folder

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root()).as_posix()


def set_cache_folder(session: Session) -> None:
    """Torch's folder becomes that of the environment; Triton's goes with it."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(session.units.folder)


def _has_entries(folder: Path) -> bool:
    try:
        return any(not path.name.startswith(".") for path in folder.iterdir())
    except OSError:
        return False


def _factors_of(lines: list[str]) -> dict[str, str]:
    """What a key was made of: a digest for each group of torch's own debug lines."""
    groups: dict[str, Any] = {}
    for line in lines:
        digest, _, rest = line.partition("] ")
        name = rest.partition(":")[0].partition("[")[0].strip()
        groups.setdefault(name, hashlib.sha256()).update(digest.encode())
    return {f"torch.{name}": value.hexdigest()[:16] for name, value in groups.items() if name}
