"""A cache server in memory that can be told to misbehave, for the tests of failures.

The real server (`mithril cache serve`) is used by tests/ml. What this one says follows
docs/cache/protocol.md; it checks nothing, so that altered entries can be put into it.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED = ("mithril-signature", "mithril-toolchain", "mithril-compile-seconds")


class CacheServer:
    """What it holds, what it was asked, and how it misbehaves."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.profiles: dict[str, str] = {}
        self.leases: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.quarantined: list[str] = []
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []
        self.status: int | None = None
        self.delay_seconds = 0.0
        self.drip = False
        self.cut_off = False
        self.redirect_to: str | None = None
        self.uploads_to: str | None = None
        self.stored: dict[str, bytes] = {}
        self.storage_status = 200
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: CacheServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def handle_one(self) -> None:
        state = self.state
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        state.requests.append(f"{self.command} {self.path}")
        state.authorizations.append(self.headers.get("Authorization"))
        time.sleep(state.delay_seconds)
        if state.status is not None:
            self.answer(state.status, b'{"error":{"code":"told","message":"told"}}')
            return
        if state.redirect_to and self.command == "GET" and "/entries/" in self.path:
            self.answer(302, b"", {"Location": state.redirect_to + self.path})
            return
        getattr(self, f"do_{self.command.lower()}")(body)

    do_GET = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815

    def do_get(self, _body: bytes) -> None:
        kind, _, name = self.path.removeprefix("/v1/").partition("/")
        if kind == "whoami":
            self.answer(200, b'{"namespace":"team"}')
            return
        key = self.state.profiles.get(name, "") if kind == "profiles" else name
        if key not in self.state.entries:
            self.answer(404, b"{}")
            return
        data, headers = self.state.entries[key]
        self.answer(200, data, headers | {"Mithril-Key": key})

    def do_put(self, body: bytes) -> None:
        kind, _, name = self.path.removeprefix("/v1/").partition("/")
        if kind == "storage":
            self.state.stored[name] = body
            self.answer(self.state.storage_status, b"")
            return
        if kind == "profiles":
            self.state.profiles[name] = json.loads(body)["key"]
            self.answer(204, b"")
            return
        if name in self.state.entries:
            self.answer(200 if self.state.entries[name][0] == body else 409, b"{}")
            return
        headers = {key: value for key, value in self.headers.items() if key.lower() in SIGNED}
        self.state.entries[name] = (body, headers)
        self.answer(201, b"{}")

    def do_post(self, body: bytes) -> None:
        kind, _, name = self.path.removeprefix("/v1/").partition("/")
        given = json.loads(body)
        if kind == "uploads":
            self.answer(*self.upload(given, is_commit=name == "commit"))
        elif kind == "events":
            self.state.events += given["events"]
            self.answer(204, b"")
        elif kind == "lookup":
            known = {key: self.state.entries.get(key) for key in given["keys"]}
            found = {
                key: {"digest": hashlib.sha256(entry[0]).hexdigest()}
                for key, entry in known.items()
                if entry
            }
            self.answer(200, json.dumps({"found": found}).encode())
        elif kind == "entries":
            self.state.quarantined.append(name.partition("/")[0])
            del self.state.entries[self.state.quarantined[-1]]
            self.answer(204, b"")
        elif self.state.leases.setdefault(name, given["holder"]) == given["holder"]:
            self.answer(201, b"{}")
        else:
            self.answer(409, b'{"error":{"code":"leased"},"retryAfterSeconds":0.05}')

    def upload(self, given: dict[str, Any], *, is_commit: bool) -> tuple[int, bytes]:
        digest = given["digest"]
        if self.state.uploads_to is None:
            return 404, b"{}"
        if not is_commit:
            link = {
                "url": f"{self.state.uploads_to}/v1/storage/{digest}",
                "headers": {"X-Sum": digest},
            }
            return 201, json.dumps(link).encode()
        if digest not in self.state.stored:
            return 404, b"{}"
        headers = {
            "Mithril-Signature": given["signature"],
            "Mithril-Toolchain": given["toolchain"],
            "Mithril-Compile-Seconds": str(given["compileSeconds"]),
        }
        self.state.entries[given["key"]] = (self.state.stored[digest], headers)
        return 201, b"{}"

    def do_delete(self, _body: bytes) -> None:
        self.state.leases.pop(self.path.rpartition("/")[2], None)
        self.answer(204, b"")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.state.cut_off and len(body) > 10:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        if self.state.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.02)
            return
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that stopped waiting is what the tests are about."""


@contextmanager
def cache_server() -> Iterator[CacheServer]:
    state = CacheServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = _Server(("127.0.0.1", 0), handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
