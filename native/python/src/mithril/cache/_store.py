"""Signed entries of the server: what comes out of here may be loaded, all else is a miss."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mithril.cache import _files, _keys
from mithril.cache._remote import Answer, Remote, UnreachableError, parse_json, sha256
from mithril.cache._write import Signed, write_entry

if TYPE_CHECKING:
    from pathlib import Path

    from mithril.cache._settings import Settings

PREFETCH_FACTOR = 10
FACTORS_MAX = 64
FACTOR_CHARACTERS_MAX = 256
FACTORS_BYTES_MAX = 8 << 10
HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry whose signature was verified."""

    key: str
    data: bytes
    compile_seconds: float


@dataclass(frozen=True, slots=True)
class Miss:
    """Why there is no entry.

    `is_absent`: the server answered that it has none. `is_silent`: it gave no usable answer.
    """

    reason: str
    is_absent: bool = False
    is_silent: bool = False


class Store:
    """The entries of one server that code of this environment may be loaded from."""

    def __init__(self, settings: Settings, toolchain: str, memo: Path) -> None:
        assert settings.url is not None
        self._settings = settings
        self._toolchain = toolchain
        self._memo = memo
        self._namespace = settings.namespace
        self.remote = Remote(settings.url, settings.token)
        own = (_keys.public_of(settings.signing_key),) if settings.signing_key else ()
        self._publics = settings.public_keys + own
        self.holder = os.urandom(16).hex()

    @property
    def can_write(self) -> bool:
        """Whether this process signs what it compiles."""
        return self._settings.signing_key is not None

    @property
    def can_read(self) -> bool:
        """Whether any key is pinned: without one, nothing may be loaded."""
        return bool(self._publics)

    def get(self, key: str) -> Entry | Miss:
        """The entry of a key, verified."""
        return self._get(f"/v1/entries/{key}", key)

    def get_profile(self, profile: str) -> Entry | Miss:
        """The entry that a profile points to, verified; nobody waits for it, so it may take longer.

        A server that does not answer even then is not asked again for a while.
        """
        seconds = self._settings.lookup_seconds * PREFETCH_FACTOR
        outcome = self._get(f"/v1/profiles/{profile}", None, seconds)
        if isinstance(outcome, Miss) and outcome.is_silent:
            self.remote.pause()
        return outcome

    def _get(self, path: str, key: str | None, seconds: float | None = None) -> Entry | Miss:
        if not self.can_read:
            return Miss("no public key is pinned (MITHRIL_CACHE_PUBLIC_KEYS)")
        try:
            namespace = self.namespace(seconds)
            answer = self._ask("GET", path, seconds=seconds)
        except UnreachableError as error:
            return Miss(str(error), is_silent=True)
        if answer.status == 404:
            return Miss("not in the cache", is_absent=True)
        if answer.status != 200:
            return Miss(_refusal(answer))
        return self._verified(namespace, key or answer.headers.get("mithril-key", ""), answer)

    def _verified(self, namespace: str, key: str, answer: Answer) -> Entry | Miss:
        headers, data = answer.headers, answer.body
        if not HEX64.fullmatch(key):
            return Miss("the answer names no entry")
        toolchain = headers.get("mithril-toolchain", "")
        if toolchain != self._toolchain:
            return Miss("made for another environment")
        message = _keys.statement(namespace, key, sha256(data), len(data), toolchain)
        wrong = _keys.verify(self._publics, message, headers.get("mithril-signature", ""))
        if wrong:
            return Miss(f"refused: {wrong}")
        return Entry(key, data, _number(headers.get("mithril-compile-seconds")))

    def put(self, key: str, data: bytes, seconds: float, factors: dict[str, str]) -> str:
        """Sign and store; what the server said: `stored`, `present`, `conflict` or a reason."""
        seed = self._settings.signing_key
        if seed is None:
            return "no signing key"
        try:
            digest = sha256(data)
            message = _keys.statement(self.namespace(), key, digest, len(data), self._toolchain)
            signed = Signed(
                key=key,
                digest=digest,
                signature=_keys.sign(seed, message),
                toolchain=self._toolchain,
                compile_seconds=seconds,
                factors=_bounded(factors),
            )
            answer = write_entry(self.remote, signed, data)
        except UnreachableError as error:
            return str(error)
        if answer.status == 409:
            return str(parse_json(answer).get("error", {}).get("code", "conflict"))
        names = {201: "stored", 200: "present", 204: "stored"}
        return names.get(answer.status) or _refusal(answer)

    def find(self, keys: list[str]) -> dict[str, dict[str, Any]] | None:
        """Which of these keys have entries; None if the server did not say."""
        found: dict[str, dict[str, Any]] = {}
        try:
            for start in range(0, len(keys), 256):
                answer = self._ask_json("POST", "/v1/lookup", {"keys": keys[start : start + 256]})
                if answer.status != 200:
                    return None
                found |= parse_json(answer).get("found", {})
        except UnreachableError:
            return None
        return found

    def set_profile(self, profile: str, key: str, digest: str) -> bool:
        """Let a profile point to an entry."""
        return self._says("PUT", f"/v1/profiles/{profile}", {"key": key, "digest": digest})

    def take_lease(self, key: str, seconds: float) -> float | None:
        """None: this process compiles. Else the seconds after which to ask again."""
        body = {"seconds": max(1, min(600, round(seconds))), "holder": self.holder}
        try:
            answer = self._ask_json("POST", f"/v1/leases/{key}", body)
        except UnreachableError:
            return None
        if answer.status != 409:
            return None
        return _number(parse_json(answer).get("retryAfterSeconds"))

    def drop_lease(self, key: str) -> None:
        """Others need not wait any longer."""
        self._says("DELETE", f"/v1/leases/{key}", {"holder": self.holder})

    def quarantine(self, key: str, digest: str, reason: str) -> bool:
        """Report an entry that does not load."""
        body = {"digest": digest, "reason": reason[:200]}
        return self._says("POST", f"/v1/entries/{key}/quarantine", body)

    def send_events(self, events: list[dict[str, Any]]) -> bool:
        """Tell what was hit and missed."""
        return all(
            self._says("POST", "/v1/events", {"events": events[start : start + 256]})
            for start in range(0, len(events), 256)
        )

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """For the command line: the answer's object, or `UnreachableError`."""
        answer = self._ask_json(method, path, body) if body else self._ask(method, path)
        if answer.status != 200:
            raise UnreachableError(_refusal(answer))
        return parse_json(answer)

    def namespace(self, seconds: float | None = None) -> str:
        """The namespace of the token: configured, remembered, or asked for."""
        if self._namespace is None:
            about = sha256(f"{self._settings.url}\n{self._settings.token}".encode())
            self._namespace = _files.read_memo(self._memo / "namespace", about)
            if self._namespace is None:
                answer = self._ask("GET", "/v1/whoami", seconds=seconds)
                name = parse_json(answer).get("namespace")
                if answer.status != 200 or not isinstance(name, str):
                    raise UnreachableError(_refusal(answer))
                self._namespace = name
                _files.write_memo(self._memo / "namespace", about, name)
        return self._namespace

    def _says(self, method: str, path: str, body: object) -> bool:
        with contextlib.suppress(UnreachableError):
            return self._ask_json(method, path, body).status < 300
        return False

    def _ask_json(
        self, method: str, path: str, body: object, seconds: float | None = None
    ) -> Answer:
        headers = {"Content-Type": "application/json"}
        return self._ask(method, path, headers, json.dumps(body).encode(), seconds)

    def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        seconds: float | None = None,
    ) -> Answer:
        within = self._settings.lookup_seconds if seconds is None else seconds
        return self.remote.request(method, path, seconds=within, headers=headers, body=body)


def _refusal(answer: Answer) -> str:
    error = parse_json(answer).get("error")
    text = error.get("code", "") if isinstance(error, dict) else ""
    return f"HTTP {answer.status} {text}".strip()


def _bounded(factors: dict[str, str]) -> dict[str, str]:
    kept = {
        name[:64]: value[:FACTOR_CHARACTERS_MAX]
        for name, value in sorted(factors.items())[:FACTORS_MAX]
    }
    return kept if len(json.dumps(kept)) <= FACTORS_BYTES_MAX else {}


def _number(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e9 else 0.0
