from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithril.cache._container import MAGIC, Container, Item, MalformedError, pack, unpack

NAMES = st.text(st.sampled_from("abcxyz012"), min_size=1, max_size=12)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8))
def test_what_was_packed_comes_out(files: dict[str, bytes]) -> None:
    container = Container(tuple(Item(name, data) for name, data in files.items()), {"a": 1})
    found = unpack(pack(container))
    assert {item.name: item.data for item in found.items} == files
    assert found.about == {"a": 1}


def test_the_order_of_the_items_does_not_matter() -> None:
    items = (Item("b", b"2"), Item("a", b"1"))
    assert pack(Container(items)) == pack(Container(items[::-1]))


def test_a_container_that_is_cut_off_anywhere_is_refused() -> None:
    data = pack(Container((Item("a", b"x" * 50), Item("b/c", bytes(200)))))
    for length in range(len(data)):
        with pytest.raises(MalformedError):
            unpack(data[:length])


@pytest.mark.parametrize(
    "name", ["../a", "a/../b", "/etc/passwd", "a//b", ".hidden", "a/.b", "", "a\n", "é", "a" * 401]
)
def test_a_name_that_could_leave_the_folder_is_refused(name: str) -> None:
    header = json.dumps({"about": {}, "items": [[name, 1]]}).encode()
    data = MAGIC + len(header).to_bytes(4, "little") + header + zlib.compress(b"x")
    with pytest.raises(MalformedError):
        unpack(data)


@pytest.mark.parametrize("size", [-1, 0, 999, 1_001, 1 << 40])
def test_a_body_of_another_size_than_declared_is_refused(size: int) -> None:
    header = json.dumps({"about": {}, "items": [["a", size]]}).encode()
    bomb = zlib.compress(bytes(1000))
    with pytest.raises(MalformedError):
        unpack(MAGIC + len(header).to_bytes(4, "little") + header + bomb)
