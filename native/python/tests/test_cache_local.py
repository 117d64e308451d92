from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from mithril.cache import _files, _label
from mithril.cache._container import Container, Item
from mithril.cache._torch_compiler import portable
from mithril.cache._units import Unit, UnitFolder, bundle_key, unit_key

if TYPE_CHECKING:
    from pathlib import Path

KEY = "ab" * 32


@pytest.fixture(autouse=True)
def temporary_files_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_home_that_cannot_be_written_to_gives_a_folder_for_this_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place, lasts = _files.usable_folder(tmp_path / "file" / "below")
    assert not lasts
    assert _files.write_whole(place / "x", b"1")


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    place, lasts = _files.usable_folder(shared)
    assert (place != shared, lasts) == (True, False)


def test_writing_where_there_is_no_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not _files.write_whole(tmp_path / "file" / "x", b"1")
    assert _files.read(tmp_path / "file" / "x") is None


def test_what_was_used_longest_ago_is_deleted_first(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / str(number)
        path.write_bytes(bytes(100))
        os.utime(path, (number, number))
    assert _files.prune(tmp_path, 1000) == 0
    assert _files.prune(tmp_path, 500) == 600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["6", "7", "8", "9"]


def unit_in(folder: UnitFolder, name: str = "aotautograd/k/e") -> Unit:
    _files.write_whole(folder.folder / name, b"data")
    unit = Unit(KEY, "autograd", (name,), 1.5, {"torch.gm": "12"})
    folder.record(unit)
    return unit


def test_a_unit_is_handed_on_with_its_files_and_facts(tmp_path: Path) -> None:
    one, two = UnitFolder(tmp_path / "one"), UnitFolder(tmp_path / "two")
    unit = unit_in(one)
    one.keep_fact("question", "answer")
    packed = one.pack([unit])
    assert packed is not None
    assert two.unpack(packed) == [KEY]
    assert two.find(KEY) == unit
    assert two.fact("question") == "answer"
    assert (tmp_path / "two" / "aotautograd" / "k" / "e").read_bytes() == b"data"


def test_a_unit_without_its_files_is_none(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    unit = unit_in(folder)
    (tmp_path / unit.files[0]).unlink()
    assert folder.find(KEY) is None
    assert folder.pack([unit]) is None


@pytest.mark.parametrize("name", ["x.py", "facts/short", "units/zz", "aa/bb.main.so.load_ok"])
def test_a_container_brings_only_what_a_cache_holds(tmp_path: Path, name: str) -> None:
    UnitFolder(tmp_path).unpack(Container((Item(name, b"x"),)))
    assert not (tmp_path / name).exists()


def test_a_damaged_record_is_no_unit(tmp_path: Path) -> None:
    folder = UnitFolder(tmp_path)
    for text in ("", "[]", '{"kind":1}', '{"kind":"a","files":3,"seconds":1,"factors":{}}'):
        _files.write_whole(tmp_path / "units" / KEY, text.encode())
        assert folder.find(KEY) is None


def test_keys_of_units_differ_by_environment_kind_and_name() -> None:
    keys = {unit_key("a", "b", "c"), unit_key("x", "b", "c"), unit_key("a", "x", "c")}
    assert len(keys | {unit_key("a", "b", "x")}) == 4


def test_the_key_of_a_bundle_does_not_depend_on_the_order() -> None:
    assert bundle_key("t", ["a", "b"]) == bundle_key("t", ["b", "a"]) != bundle_key("t", ["a"])


@pytest.mark.parametrize("checkout", ["one", "another/deeper"])
def test_a_label_is_the_same_in_every_checkout(tmp_path: Path, checkout: str) -> None:
    root = tmp_path / checkout
    script = root / "tools" / "train.py"
    script.parent.mkdir(parents=True)
    script.write_bytes(b"")
    (root / "pyproject.toml").write_text('[project]\nname = "model"\n')
    assert _label.label_of(script) == "model:tools/train.py"


def test_a_command_line_loses_what_only_says_where_things_lie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = set()
    for home, compiler in (("/home/ann/venv", "/opt/g++"), ("/srv/x", "g++")):
        monkeypatch.setenv("CXX", compiler)
        places = [(f"{home}/torch", "<torch>"), (home, "<prefix>")]
        line = f"None {compiler} i -O3 -march=native -I{home}/torch/include -L{home}/lib -o o.so"
        lines.add(portable(line, places))
    assert len(lines) == 1
    assert "-O3 -march=native" in lines.pop()
