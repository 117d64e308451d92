"""Entries that are larger than a server passes on itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cache_server import CacheServer, cache_server

from mithril.cache import _keys
from mithril.cache._remote import sha256
from mithril.cache._settings import Settings
from mithril.cache._store import Entry, Store
from mithril.cache._write import INLINE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = bytes(range(32))
TOOLCHAIN = "ab" * 32
KEY = "cd" * 32
LARGE = os.urandom(INLINE_BYTES_MAX + 1)


@pytest.fixture
def server() -> Iterator[CacheServer]:
    with cache_server() as running:
        yield running


@pytest.fixture
def storage(server: CacheServer) -> Iterator[CacheServer]:
    with cache_server() as running:
        running.stored = server.stored
        server.uploads_to = running.url
        yield running


@pytest.fixture
def store(server: CacheServer, tmp_path: Path) -> Store:
    settings = Settings(
        url=server.url,
        token="mith_id_secret",
        folder=tmp_path,
        public_keys=(_keys.public_of(SEED),),
        signing_key=SEED,
        namespace="team",
        lookup_seconds=5.0,
    )
    return Store(settings, TOOLCHAIN, tmp_path)


def put(store: Store, data: bytes = LARGE) -> str:
    return store.put(KEY, data, 12.5, {"torch": "2.15"})


def test_goes_to_the_storage_by_a_link_and_without_the_token(
    store: Store, server: CacheServer, storage: CacheServer
) -> None:
    assert put(store) == "stored"
    assert server.requests == ["POST /v1/uploads", "POST /v1/uploads/commit"]
    assert storage.requests == [f"PUT /v1/storage/{sha256(LARGE)}"]
    assert storage.authorizations == [None]
    assert set(server.authorizations) == {"Bearer mith_id_secret"}
    assert store.get(KEY) == Entry(KEY, LARGE, 12.5)


def test_goes_to_a_server_that_takes_any_size_as_it_is(store: Store, server: CacheServer) -> None:
    assert put(store) == "stored"
    assert server.requests == ["POST /v1/uploads", f"PUT /v1/entries/{KEY}"]
    assert store.get(KEY) == Entry(KEY, LARGE, 12.5)


@pytest.mark.usefixtures("storage")
def test_a_small_entry_asks_for_no_link(store: Store, server: CacheServer) -> None:
    assert put(store, LARGE[:-1]) == "stored"
    assert server.requests == [f"PUT /v1/entries/{KEY}"]


def test_is_not_there_where_the_storage_refuses_it(
    store: Store, server: CacheServer, storage: CacheServer
) -> None:
    storage.storage_status = 403
    assert put(store) == "the storage answered HTTP 403"
    assert server.requests == ["POST /v1/uploads"]
    assert server.entries == {}


def test_is_not_there_where_the_storage_lost_it(
    store: Store, server: CacheServer, storage: CacheServer
) -> None:
    storage.stored = {}
    assert put(store) == "the storage does not show what it took"
    assert server.entries == {}


def test_goes_nowhere_without_tls(store: Store, server: CacheServer) -> None:
    server.uploads_to = "http://192.0.2.1"
    assert "without TLS" in put(store)
    assert server.entries == {}


def test_is_not_sent_where_the_server_refuses_it(store: Store, server: CacheServer) -> None:
    server.status = 409
    assert put(store) == "told"
    assert server.requests == ["POST /v1/uploads"]
