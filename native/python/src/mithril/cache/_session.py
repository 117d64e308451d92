"""The cache of one process: its layers, what was hit and missed, and what is handed on at the end.

Layers: the folder on disk, shared by the processes of a user; then the server, asked once for the
bundle of this program while torch is imported, and then once for each unit that is not there. No
method raises: without an answer the caller compiles.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mithril.cache import _container, _environment, _files, _label
from mithril.cache._publisher import Publisher
from mithril.cache._store import Entry, Miss, Store
from mithril.cache._units import Unit, UnitFolder, profile_key, unit_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mithril.cache._settings import Settings

log = logging.getLogger("mithril.cache")

ENVIRONMENT_SECONDS = 60.0
LEASE_ASK_SECONDS = 1.0
SAID_SECONDS_LEAST = 1.0
EVENTS_MAX = 2000
# What asking in vain may cost a process: this, and this share of the seconds that it compiled.
MISS_SECONDS = 1.0
MISS_SHARE = 0.01


@dataclass(slots=True)
class Counts:
    """What happened in this process."""

    hits: int = 0
    misses: int = 0
    inert: int = 0
    errors: int = 0
    seconds_saved: float = 0.0
    seconds_compiled: float = 0.0
    seconds_asked: float = 0.0


class Session:
    """Created once a process, by `enable`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts = Counts()
        self.pid = os.getpid()
        self.label = settings.label or _label.default_label()
        root, self._lasts = _files.usable_folder(settings.folder)
        self.root = root
        self._ready = threading.Event()
        self._fetched = threading.Event()
        self._environment: _environment.Environment | None = None
        # Of this process alone, should the environment not be found out.
        self._nowhere = _environment.Environment({"unknown": os.urandom(16).hex()})
        self._toolchain = self._nowhere.fingerprint
        self._units: UnitFolder | None = None
        self._server: Store | None = None
        self._published: Publisher | None = None
        self._layer: dict[str, str] = {}
        self._used: dict[str, Unit] = {}
        self._reasons: dict[str, str] = {}
        self._explained: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._said: set[str] = set()
        self._endings: list[Callable[[], None]] = []
        self.prefetch_reason = ""
        self.prefetch_seconds = 0.0
        threading.Thread(target=self._prepare, name="mithril-cache-prefetch", daemon=True).start()

    # What the frameworks' parts ask for.

    @property
    def environment(self) -> _environment.Environment:
        """What compiled code of this process depends on."""
        self._ready.wait(ENVIRONMENT_SECONDS)
        return self._environment or self._nowhere

    @property
    def units(self) -> UnitFolder:
        """The local layer of this environment."""
        self._ready.wait(ENVIRONMENT_SECONDS)
        return self._units or UnitFolder(self.root / "unknown")

    @property
    def toolchain(self) -> str:
        """The fingerprint of the environment."""
        self._ready.wait(ENVIRONMENT_SECONDS)
        return self._toolchain

    @property
    def _store(self) -> Store | None:
        """The server; a forked process has lost the threads that ask it."""
        return self._server if os.getpid() == self.pid else None

    @property
    def _publisher(self) -> Publisher | None:
        return self._published if os.getpid() == self.pid else None

    def key(self, kind: str, name: str) -> str:
        """The key of a unit in this environment."""
        return unit_key(self.toolchain, kind, name)

    def lookup(self, key: str, *, is_there: Callable[[], bool]) -> bool:
        """Bring a unit into the local layer; whether it is there."""
        if self._crashed(key):
            self._reasons[key] = "the process that loaded it last died of it"
            return False
        if is_there():
            self._layer.setdefault(key, "local")
            return True
        started = time.monotonic()
        is_fetched = self._fetched.wait(self.settings.lookup_seconds)
        if is_there():
            return True
        outcome = self._ask(key, is_fetched=is_fetched)
        if isinstance(outcome, Miss):
            self._reasons[key] = outcome.reason
            self.counts.seconds_asked += time.monotonic() - started
            if outcome.is_absent and self._wait_for_other(key):
                self._fetch(key)
        return is_there()

    def _ask(self, key: str, *, is_fetched: bool) -> Entry | Miss:
        """One unit from the server, within what asking in vain may cost."""
        if not is_fetched:
            return Miss("the server is slow")
        if self.counts.seconds_asked > MISS_SECONDS + MISS_SHARE * self.counts.seconds_compiled:
            return Miss("not asked: earlier misses took too long")
        return self._fetch(key)

    def hit(self, unit: Unit, load_seconds: float, *, is_inert: bool) -> None:
        """A unit was used in place of a compile."""
        self._used[unit.key] = unit
        layer = self._layer.get(unit.key, "local")
        saved = max(0.0, unit.seconds - load_seconds)
        if is_inert:
            self.counts.inert += 1
            self._event("inert", unit.key, layer, 0.0)
            log.warning("%s unit %s was found, but code was compiled all the same", layer, unit.key)
            return
        self.counts.hits += 1
        self.counts.seconds_saved += saved
        self._event("hit", unit.key, layer, saved)
        if saved >= SAID_SECONDS_LEAST:
            self.say(
                f"Cache hit! Loaded in {load_seconds:.1f}s (saved ~{saved:.0f}s compilation time)"
            )

    def compiled(self, unit: Unit) -> None:
        """A unit was compiled here; its files are in the local layer."""
        self.counts.misses += 1
        self.counts.seconds_compiled += unit.seconds
        self._used[unit.key] = unit
        self.units.record(unit)
        with contextlib.suppress(OSError):
            self._mark(unit.key).unlink(missing_ok=True)
        reason = self._reasons.get(unit.key) or ("local only" if not self._store else "unknown")
        self._event("miss", unit.key, "remote" if self._store else "local", 0.0)
        self._explained.append({"key": unit.key, "reason": reason, "seconds": unit.seconds})
        log.info("compiled %s in %.1f s: %s", unit.key, unit.seconds, reason)
        if self._publisher:
            self._publisher.publish(unit)

    def broken(self, key: str, why: str) -> None:
        """A unit does not load: it is taken out here, and reported."""
        self.counts.errors += 1
        self._event("error", key, self._layer.get(key, "local"), 0.0)
        log.warning("unit %s does not load and is compiled again: %s", key, why)
        self.units.forget(key)
        self._reasons[key] = why
        if self._publisher:
            self._publisher.quarantine(key, why)

    @contextlib.contextmanager
    def loading(self, key: str) -> Iterator[None]:
        """While code is loaded: should the process die of it, the next one does not try again."""
        mark = self._mark(key)
        _files.write_whole(mark, f"{socket.gethostname()} {os.getpid()}".encode())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                mark.unlink()

    def _mark(self, key: str) -> Path:
        return self.units.folder / "loading" / key

    def _crashed(self, key: str) -> bool:
        mark = self._mark(key)
        data = _files.read(mark)
        if data is None or _is_alive(data.decode("utf-8", "replace")):
            return False
        self.broken(key, "the process that loaded it died")
        return True

    def say(self, text: str) -> None:
        """One line for the person who started the program."""
        if not self.settings.quiet:
            print(f"mithril-cache: {text}", file=sys.stderr, flush=True)

    def say_once(self, text: str) -> None:
        """The same, once a process."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)

    # The beginning: in a thread, while the program imports its frameworks.

    def _prepare(self) -> None:
        started = time.monotonic()
        try:
            memo = self.root / "memo"
            self._environment = _environment.find_environment(memo)
            self._toolchain = toolchain = self._environment.fingerprint
            self._units = UnitFolder(self.root / "env" / toolchain[:24])
            self._units.folder.mkdir(parents=True, exist_ok=True)
            os.utime(self._units.folder)
        except Exception:
            log.warning("the environment was not found out", exc_info=True)
        finally:
            self._ready.set()
        try:
            if self.settings.url and self._environment:
                self._server = Store(self.settings, self._environment.fingerprint, memo)
                self._published = Publisher(
                    self._server, self.units, self._environment, self.label, self.say_once
                )
                self._prefetch(self._server, self._published)
        except Exception:
            log.warning("the bundle was not fetched", exc_info=True)
        finally:
            self.prefetch_seconds = time.monotonic() - started
            self._fetched.set()

    def _prefetch(self, store: Store, publisher: Publisher) -> None:
        if not store.can_read:
            self.say_once(
                "the server is not read: pin its writers' keys with MITHRIL_CACHE_PUBLIC_KEYS"
            )
        outcome = store.get_profile(profile_key(self.toolchain, self.label))
        if isinstance(outcome, Miss):
            self.prefetch_reason = outcome.reason
            self._trouble(outcome)
            return
        publisher.bundled = set(self._unpack(outcome))

    def _fetch(self, key: str) -> Entry | Miss:
        store = self._store
        if store is None:
            return Miss("local only" if not self.settings.url else "the server is not ready")
        outcome = store.get(key)
        if isinstance(outcome, Miss):
            self._trouble(outcome)
        elif not self._unpack(outcome):
            return Miss("the entry is damaged, or cannot be written to disk")
        return outcome

    def _unpack(self, entry: Entry) -> list[str]:
        try:
            keys = self.units.unpack(_container.unpack(entry.data))
        except _container.MalformedError as error:
            log.warning("entry %s: %s", entry.key, error)
            return []
        self._layer |= dict.fromkeys(keys, "remote")
        if self._published:
            self._published.stored.update(keys)
        return keys

    def _trouble(self, miss: Miss) -> None:
        if not miss.is_absent:
            self.say_once(f"server not used: {miss.reason}")

    def _wait_for_other(self, key: str) -> bool:
        """Take the lease of a key; or wait, in bounds, until its holder has stored the entry."""
        store = self._store
        if store is None or not store.can_write or self.settings.lease_seconds == 0:
            return False
        deadline = time.monotonic() + self.settings.lease_seconds
        while (retry := store.take_lease(key, self.settings.lease_seconds * 2)) is not None:
            pause = min(max(retry, 0.1), LEASE_ASK_SECONDS)
            if time.monotonic() + pause > deadline:
                break
            self.say_once("another machine compiles this now; waiting for its result")
            time.sleep(pause)
            if store.find([key]):
                return True
        # Its holder may have stored it between our question and the lease.
        return bool(store.find([key]))

    # The end.

    def before_close(self, ending: Callable[[], None]) -> None:
        """Let a framework's part finish what it has to, before the end."""
        self._endings.append(ending)

    def close(self) -> None:
        """Hand on what was compiled, within its time, and leave the folder within its bound."""
        if os.getpid() != self.pid:
            return
        for ending in self._endings:
            try:
                ending()
            except Exception:
                log.warning("something was not kept", exc_info=True)
        if self._used or self._events:
            self._fetched.wait(self.settings.lookup_seconds)
        if self._publisher and (self._used or self._events):
            self._publisher.finish(self._used, self._events, self.settings.exit_seconds)
        if self._store:
            self._store.remote.close()
        self._write_last()
        if self._lasts:
            self._prune()
        else:
            shutil.rmtree(self.root, ignore_errors=True)

    def _prune(self) -> None:
        stamp = self.root / "pruned"
        with contextlib.suppress(OSError):
            if self.counts.misses and (
                not stamp.exists() or time.time() - stamp.stat().st_mtime > 600
            ):
                _files.write_whole(stamp, b"")
                _files.prune(self.root / "env", self.settings.local_bytes)

    def _write_last(self) -> None:
        if not self._used and not self._explained:
            return
        about = {**self.report(), "compiled": self._explained}
        _files.write_whole(self.root / "last.json", json.dumps(about).encode())

    def report(self) -> dict[str, Any]:
        """What happened in this process, as plain values."""
        counts = self.counts
        bundled = len(self._published.bundled) if self._published else 0
        return {
            "hits": counts.hits,
            "misses": counts.misses,
            "inert": counts.inert,
            "errors": counts.errors,
            "secondsSaved": round(counts.seconds_saved, 3),
            "secondsAsked": round(counts.seconds_asked, 3),
            "secondsCompiled": round(counts.seconds_compiled, 3),
            "requests": self._store.remote.requests if self._store else 0,
            "prefetchSeconds": round(self.prefetch_seconds, 3),
            "prefetch": self.prefetch_reason or f"{bundled} units",
            "environment": self.toolchain,
            "factors": self.environment.factors,
            "label": self.label,
            "folder": str(self.root),
        }

    def _event(self, kind: str, key: str, layer: str, saved: float) -> None:
        if len(self._events) < EVENTS_MAX:
            self._events.append(
                {"kind": kind, "key": key, "layer": layer, "secondsSaved": round(saved, 3)}
            )


def _is_alive(mark: str) -> bool:
    """Whether the process of a mark may still be loading."""
    host, _, pid = mark.partition(" ")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
