"""What this process compiled goes to the server: in a thread, and in bounds at the end."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from mithril.cache import _container
from mithril.cache._remote import sha256
from mithril.cache._units import Unit, UnitFolder, bundle_key, profile_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from mithril.cache._environment import Environment
    from mithril.cache._store import Store

log = logging.getLogger("mithril.cache")


class Publisher:
    """Stores units one by one as they are compiled, then the bundle of the program."""

    def __init__(
        self,
        store: Store,
        units: UnitFolder,
        environment: Environment,
        label: str,
        say_once: Callable[[str], None],
    ) -> None:
        self._store = store
        self._units = units
        self._factors = environment.factors | {"label": label}
        self._toolchain = environment.fingerprint
        self._label = label
        self._say_once = say_once
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        # Keys of units that the server has, and of those that came in the bundle.
        self.stored: set[str] = set()
        self.bundled: set[str] = set()

    def publish(self, unit: Unit) -> None:
        """Store a unit, soon."""
        if self._store.can_write:
            self._enqueue(lambda: self._publish(unit))

    def quarantine(self, key: str, why: str) -> None:
        """Report a unit that does not load, soon."""
        if self._store.can_write and key in self.stored:
            self._enqueue(lambda: self._quarantine(key, why))

    def finish(self, used: dict[str, Unit], events: list[dict[str, Any]], seconds: float) -> None:
        """Store what is still to be stored and the bundle of `used`; wait for `seconds` at most."""
        self._enqueue(lambda: self._finish(used, events))
        self._work.put(None)
        if self._thread:
            self._thread.join(seconds)

    def _enqueue(self, work: Callable[[], object]) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="mithril-cache-publish", daemon=True
                )
                self._thread.start()
        self._work.put(work)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                log.warning("an entry was not stored", exc_info=True)

    def _publish(self, unit: Unit) -> None:
        packed = self._units.pack([unit])
        if packed is None:
            return
        data, factors = _container.pack(packed), self._factors | unit.factors
        outcome = self._store.put(unit.key, data, unit.seconds, factors)
        self._store.drop_lease(unit.key)
        if outcome in ("stored", "present", "conflict"):
            self.stored.add(unit.key)
        else:
            self._say_once(f"not stored on the server: {outcome}")

    def _quarantine(self, key: str, why: str) -> None:
        found = (self._store.find([key]) or {}).get(key)
        if found:
            self._store.quarantine(key, str(found["digest"]), why)

    def _finish(self, used: dict[str, Unit], events: list[dict[str, Any]]) -> None:
        if self._store.can_write and set(used) - self.bundled:
            missing = [unit for key, unit in used.items() if key not in self.stored]
            found = self._store.find([unit.key for unit in missing]) if missing else {}
            for unit in missing:
                if found is not None and unit.key not in found:
                    self._publish(unit)
            self._publish_bundle(used)
        self._store.send_events(events)

    def _publish_bundle(self, used: dict[str, Unit]) -> None:
        old = [unit for key in self.bundled if (unit := self._units.find(key))]
        units = {unit.key: unit for unit in [*used.values(), *old]}
        packed = self._units.pack(units.values())
        if packed is None:
            return
        key, data = bundle_key(self._toolchain, units), _container.pack(packed)
        seconds = sum(unit.seconds for unit in units.values())
        outcome = self._store.put(key, data, seconds, {"label": self._label, "kind": "bundle"})
        digest = sha256(data)
        if outcome == "conflict":
            digest = (self._store.find([key]) or {}).get(key, {}).get("digest", "")
        elif outcome not in ("stored", "present"):
            return
        self._store.set_profile(profile_key(self._toolchain, self._label), key, digest)
