"""The cache server: every request ends within its time, and whatever goes wrong is a miss.

A request runs in a thread of its own, because a socket's time-out bounds one read and not a name
lookup or a server that sends a byte a second; the caller stops waiting at its deadline. After two
failures in a row the server is left alone for a while (a circuit breaker).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import threading
import time
import urllib.parse
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRY_BYTES_MAX = 1 << 30
JSON_BYTES_MAX = 4 << 20
FAILURES_MAX = 2
PAUSE_SECONDS = 30.0
PAUSE_SECONDS_MAX = 300.0
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


class UnreachableError(Exception):
    """The server did not answer in time, or not at all."""


class _Work:
    def __init__(self, call: Callable[[], Answer]) -> None:
        self.call = call
        self.done = threading.Event()
        self.answer: Answer | None = None
        self.failure = ""


class _Line:
    """A thread with one connection; what hangs is left to itself and closed when it comes back."""

    def __init__(self, url: urllib.parse.SplitResult, token: str | None) -> None:
        self._url = url
        self._token = token
        self._connection: HTTPConnection | None = None
        self.is_abandoned = False
        self.waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._serve, name="mithril-cache", daemon=True)
        thread.start()

    def _serve(self) -> None:
        while not self.is_abandoned and (work := self.waiting.get()) is not None:
            try:
                work.answer = work.call()
            except TimeoutError:
                work.failure = "no answer in time"
                self._close()
            except (OSError, HTTPException, ValueError) as error:
                work.failure = f"{type(error).__name__}: {error}"
                self._close()
            work.done.set()
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def exchange(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        """Send, receive, and follow one redirect."""
        sent = {"Accept-Encoding": "identity", "User-Agent": "mithril-python"} | headers
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        answer = self._send_again(method, self._url.path + path, sent, body, deadline)
        if answer.status in (302, 303, 307) and "location" in answer.headers:
            return self._follow(answer, method, headers, body, deadline)
        return answer

    def _send_again(
        self, method: str, target: str, sent: dict[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        if self._connection is not None:
            # A kept connection may have been closed meanwhile: a new one tells.
            with contextlib.suppress(ConnectionError, HTTPException):
                return _send(self._connection, method, target, sent, body, deadline)
            self._close()
        self._connection = _connect(self._url, deadline)
        return _send(self._connection, method, target, sent, body, deadline)

    def _follow(
        self,
        first: Answer,
        method: str,
        headers: dict[str, str],
        body: bytes | None,
        deadline: float,
    ) -> Answer:
        """To storage, without the token; what is said about the entry is the server's."""
        place = urllib.parse.urljoin(self._url.geturl(), first.headers["location"])
        answer = _send_elsewhere(self._url, place, method, headers, body, deadline)
        return Answer(answer.status, answer.headers | first.headers, answer.body)


class Remote:
    """One server."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = urllib.parse.urlsplit(url)
        self._token = token
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._failures = 0
        self._paused_until = 0.0
        self._pause_seconds = PAUSE_SECONDS
        self.requests = 0
        self.last_failure = ""

    def request(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask within `seconds`; `UnreachableError` says why there is no answer."""

        def exchange(line: _Line, deadline: float) -> Answer:
            return line.exchange(method, path, headers or {}, body, deadline)

        return self._within(seconds, exchange)

    def put_by_link(
        self, link: str, *, seconds: float, headers: dict[str, str], body: bytes
    ) -> Answer:
        """Send a body to where the server said, without the token."""
        return self._within(
            seconds,
            lambda _, deadline: _send_elsewhere(self._url, link, "PUT", headers, body, deadline),
        )

    def _within(self, seconds: float, call: Callable[[_Line, float], Answer]) -> Answer:
        now = time.monotonic()
        if now < self._paused_until:
            raise UnreachableError(f"not asked again yet after: {self.last_failure}")
        with self._lock:
            line = self._line = self._line or _Line(self._url, self._token)
        deadline = now + seconds
        work = _Work(lambda: call(line, deadline))
        self.requests += 1
        line.waiting.put(work)
        if not work.done.wait(seconds):
            self._abandon(line)
            self._count_failure("no answer in time")
        elif work.answer is None:
            self._count_failure(work.failure)
        elif work.answer.status >= 500 or work.answer.status == 429:
            self._count_failure(f"HTTP {work.answer.status}")
        else:
            self._failures, self._pause_seconds = 0, PAUSE_SECONDS
            return work.answer
        raise UnreachableError(self.last_failure)

    def pause(self) -> None:
        """Leave the server alone for a while."""
        self._failures = 0
        self._paused_until = time.monotonic() + self._pause_seconds
        self._pause_seconds = min(PAUSE_SECONDS_MAX, self._pause_seconds * 2)

    def close(self) -> None:
        """Close the connection, once it is idle."""
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.waiting.put(None)

    def _abandon(self, line: _Line) -> None:
        """The next request gets another thread."""
        line.is_abandoned = True
        with self._lock:
            if self._line is line:
                self._line = None

    def _count_failure(self, why: str) -> None:
        self.last_failure = why
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self.pause()


def _send_elsewhere(
    server: urllib.parse.SplitResult,
    place: str,
    method: str,
    headers: dict[str, str],
    body: bytes | None,
    deadline: float,
) -> Answer:
    url = urllib.parse.urlsplit(place)
    is_loopback = url.hostname in LOOPBACK and server.hostname in LOOPBACK
    if url.scheme != "https" and not is_loopback:
        raise ValueError("a place without TLS is not gone to")
    target = url.path + (f"?{url.query}" if url.query else "")
    with contextlib.closing(_connect(url, deadline)) as connection:
        return _send(connection, method, target, headers, body, deadline)


def _connect(url: urllib.parse.SplitResult, deadline: float) -> HTTPConnection:
    if url.hostname is None:
        raise ValueError("an address without a host")
    seconds = _left(deadline)
    if url.scheme == "https":
        return HTTPSConnection(url.hostname, url.port, timeout=seconds)
    return HTTPConnection(url.hostname, url.port, timeout=seconds)


def _send(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes | None,
    deadline: float,
) -> Answer:
    connection.timeout = _left(deadline)
    if connection.sock is not None:
        connection.sock.settimeout(_left(deadline))
    connection.request(method, target or "/", body=body, headers=headers)
    response = connection.getresponse()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, received, _read(response, deadline))


def _read(response: HTTPResponse, deadline: float) -> bytes:
    if response.length is not None and response.length > ENTRY_BYTES_MAX:
        raise ValueError("the answer is too large")
    parts: list[bytes] = []
    total = 0
    while part := response.read1(1 << 20):
        parts.append(part)
        total += len(part)
        if total > ENTRY_BYTES_MAX:
            raise ValueError("the answer is too large")
        _left(deadline)
    if response.length:
        raise ValueError("the answer is cut off")
    response.close()
    return b"".join(parts)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def parse_json(answer: Answer) -> dict[str, Any]:
    """The object of an answer; empty if it is none."""
    if len(answer.body) > JSON_BYTES_MAX:
        return {}
    try:
        value = json.loads(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
