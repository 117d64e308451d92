"""The layers together, with a server that misbehaves. Nothing here may raise."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cache_server import CacheServer, cache_server

from mithril.cache import _files, _keys
from mithril.cache._remote import FAILURES_MAX, Remote, UnreachableError
from mithril.cache._session import Session
from mithril.cache._settings import Settings
from mithril.cache._units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[[Settings], Session]

SEED = bytes(range(32))
FILE = "aotautograd/key/entry"
PATIENT = 5.0


@pytest.fixture
def server() -> Iterator[CacheServer]:
    with cache_server() as running:
        yield running


@pytest.fixture
def start() -> Iterator[Start]:
    sessions: list[Session] = []

    def start(settings: Settings) -> Session:
        sessions.append(Session(settings))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


def settings_for(server: CacheServer, folder: Path, *, writes: bool) -> Settings:
    return Settings(
        url=server.url,
        token="mith_id_secret",
        folder=folder,
        label="test",
        public_keys=(_keys.public_of(SEED),),
        signing_key=SEED if writes else None,
        lookup_seconds=PATIENT,
        lease_seconds=PATIENT,
        quiet=True,
    )


def compile_unit(session: Session) -> Unit:
    """What a compile does: miss, make files, keep them."""
    key = session.key("autograd", "key")
    _files.write_whole(session.units.folder / FILE, b"code")
    unit = Unit(key, "autograd", (FILE,), 12.5, {"torch.gm": "1"})
    session.compiled(unit)
    return unit


def is_found(session: Session) -> bool:
    place = session.units.folder / FILE
    return session.lookup(session.key("autograd", "key"), is_there=place.is_file)


def warm(server: CacheServer, folder: Path) -> Unit:
    """Let one machine compile and store."""
    session = Session(settings_for(server, folder, writes=True))
    assert not is_found(session)
    unit = compile_unit(session)
    session.close()
    return unit


def test_what_one_machine_compiled_another_finds_in_two_requests(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    unit = warm(server, tmp_path / "one")
    server.requests.clear()
    session = start(settings_for(server, tmp_path / "two", writes=False))
    assert is_found(session)
    assert [line.split("/")[2] for line in server.requests] == ["whoami", "profiles"]
    found = session.units.find(unit.key)
    assert found == unit
    session.hit(unit, 0.5, is_inert=False)
    session.close()
    assert session.report()["secondsSaved"] == 12.0
    assert [event["kind"] for event in server.events] == ["miss", "hit"]


def test_a_unit_is_found_without_the_bundle_of_its_program(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    warm(server, tmp_path / "one")
    other = replace(settings_for(server, tmp_path / "two", writes=False), label="another program")
    assert is_found(start(other))


def test_the_hit_is_said_in_the_words_of_the_design(
    start: Start, server: CacheServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = start(replace(settings_for(server, tmp_path, writes=False), quiet=False))
    session.hit(Unit("a" * 64, "autograd", (), 67.8), 0.8, is_inert=False)
    expected = "mithril-cache: Cache hit! Loaded in 0.8s (saved ~67s compilation time)\n"
    assert capsys.readouterr().err == expected


def test_a_hit_that_saved_nothing_is_counted_as_inert(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    session = start(settings_for(server, tmp_path, writes=False))
    session.hit(Unit("a" * 64, "autograd", (), 60.0), 0.8, is_inert=True)
    session.close()
    assert (session.counts.hits, session.counts.inert) == (0, 1)
    assert server.events[0]["kind"] == "inert"


def altered(server: CacheServer, what: str) -> None:
    for key, (data, headers) in list(server.entries.items()):
        changed = dict(headers)
        if what == "body":
            data = data[:-1] + bytes([data[-1] ^ 1])
        elif what == "unsigned":
            changed.pop("Mithril-Signature")
        elif what == "another signer":
            other = bytes(32)
            message = b"anything"
            changed["Mithril-Signature"] = _keys.sign(other, message)
        elif what == "another environment":
            changed["Mithril-Toolchain"] = "0" * 64
        server.entries[key] = (data, changed)
    if what == "swapped entries":
        keys = list(server.entries)
        values = [server.entries[key] for key in keys]
        server.entries = dict(zip(keys, values[1:] + values[:1], strict=True))


@pytest.mark.parametrize(
    "what", ["body", "unsigned", "another signer", "another environment", "swapped entries"]
)
def test_an_entry_that_is_not_what_a_pinned_key_signed_is_a_miss(
    start: Start, server: CacheServer, tmp_path: Path, what: str
) -> None:
    warm(server, tmp_path / "one")
    altered(server, what)
    session = start(settings_for(server, tmp_path / "two", writes=False))
    assert not is_found(session)
    assert not list(session.units.folder.rglob("entry"))


def test_another_environment_does_not_even_ask_for_the_same_keys(
    start: Start, server: CacheServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(server, tmp_path / "one")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert not is_found(start(settings_for(server, tmp_path / "two", writes=False)))
    assert not any(key in line for key in server.entries for line in server.requests[-2:])


def test_without_a_pinned_key_nothing_is_read(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    warm(server, tmp_path / "one")
    server.requests.clear()
    nobody = replace(settings_for(server, tmp_path / "two", writes=False), public_keys=())
    assert not is_found(start(nobody))
    assert server.requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_a_miss(
    start: Start, server: CacheServer, tmp_path: Path, status: int
) -> None:
    warm(server, tmp_path / "one")
    server.status = status
    session = start(settings_for(server, tmp_path / "two", writes=True))
    assert not is_found(session)
    compile_unit(session)
    session.close()
    assert session.counts.misses == 1


def test_an_answer_that_is_cut_off_is_a_miss(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    warm(server, tmp_path / "one")
    server.cut_off = True
    assert not is_found(start(settings_for(server, tmp_path / "two", writes=False)))


def test_a_server_that_is_down_is_a_miss(start: Start, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        down = CacheServer()
        down.port = closed.getsockname()[1]
        session = start(settings_for(down, tmp_path, writes=True))
        assert not is_found(session)
        compile_unit(session)
        session.close()


@pytest.mark.parametrize("fault", ["delay", "drip"])
def test_a_slow_server_is_given_up_and_then_left_alone(
    server: CacheServer, tmp_path: Path, fault: str
) -> None:
    warm(server, tmp_path / "one")
    if fault == "delay":
        server.delay_seconds = 60
    server.drip = fault == "drip"
    remote = Remote(server.url, None)
    for _ in range(FAILURES_MAX):
        with pytest.raises(UnreachableError, match="no answer in time"):
            remote.request("GET", f"/v1/entries/{next(iter(server.entries))}", seconds=0.05)
    server.requests.clear()
    with pytest.raises(UnreachableError, match="not asked again"):
        remote.request("GET", "/v1/whoami", seconds=60)
    assert server.requests == []


def test_a_black_hole_costs_the_bound_and_no_more(start: Start, tmp_path: Path) -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(1)
        silent = CacheServer()
        silent.port = hole.getsockname()[1]
        quick = replace(settings_for(silent, tmp_path, writes=True), lookup_seconds=0.05)
        session = start(replace(quick, exit_seconds=1.0))
        assert not is_found(session)
        # Nobody waits for the bundle; once it did not come, the server is left alone.
        session._fetched.wait(PATIENT)
        requests = session.report()["requests"]
        assert not is_found(session)
        assert session.report()["requests"] == requests
        assert "not asked again" in session._reasons[session.key("autograd", "key")]
        compile_unit(session)
        session.close()
    assert session.counts.misses == 1


def test_storage_gets_no_token(start: Start, server: CacheServer, tmp_path: Path) -> None:
    unit = warm(server, tmp_path / "one")
    with cache_server() as storage:
        storage.entries = server.entries
        server.redirect_to = storage.url
        other = replace(settings_for(server, tmp_path / "two", writes=False), label="other")
        assert is_found(start(other))
        assert storage.requests == [f"GET /v1/entries/{unit.key}"]
        assert storage.authorizations == [None]
    assert server.authorizations[-1] == "Bearer mith_id_secret"


def test_of_two_cold_machines_one_compiles(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    first = start(settings_for(server, tmp_path / "one", writes=True))
    assert not is_found(first)
    second = start(settings_for(server, tmp_path / "two", writes=True))
    second._fetched.wait(PATIENT)
    unit = compile_unit(first)
    assert is_found(second)
    assert second._layer[unit.key] == "remote"
    first.close()


def test_a_lease_that_nobody_fulfils_is_waited_for_in_bounds(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    settings = replace(settings_for(server, tmp_path, writes=True), lease_seconds=0.3)
    session = start(settings)
    server.leases[session.key("autograd", "key")] = "somebody else"
    started = time.monotonic()
    assert not is_found(session)
    assert time.monotonic() - started < PATIENT


def test_a_disk_that_takes_nothing_is_a_miss(
    start: Start, server: CacheServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(server, tmp_path / "one")
    session = start(settings_for(server, tmp_path / "two", writes=True))
    assert session.units.folder.is_dir()
    monkeypatch.setattr(_files, "write_whole", lambda *_: False)
    session._fetched.wait(PATIENT)
    server.profiles.clear()
    session.close()


def test_a_unit_that_a_process_died_of_is_not_loaded_again(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    unit = warm(server, tmp_path / "one")
    settings = settings_for(server, tmp_path / "two", writes=False)
    session = start(settings)
    assert is_found(session)
    if (child := os.fork()) == 0:
        with session.loading(unit.key):
            os._exit(1)
    os.waitpid(child, 0)
    assert not is_found(session)
    assert not (session.units.folder / FILE).exists()
    compile_unit(session)
    assert is_found(session)


def test_a_unit_that_does_not_load_is_taken_out_and_reported_by_writers(
    start: Start, server: CacheServer, tmp_path: Path
) -> None:
    unit = warm(server, tmp_path / "one")
    for number, writes in enumerate((False, True)):
        session = start(settings_for(server, tmp_path / str(number), writes=writes))
        assert is_found(session)
        session.broken(unit.key, "it does not load")
        assert session.units.find(unit.key) is None
        assert not (session.units.folder / FILE).exists()
        session.close()
        assert server.quarantined == ([unit.key] if writes else [])
