from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from inputs import ROOT

import mithril
from mithril.dedup import Index, dedup

if TYPE_CHECKING:
    from pathlib import Path


def text(row: int) -> str:
    """Ten in a row differ in their last word."""
    words = [f"w{row // 10 * 1000 + at}" for at in range(39)]
    return " ".join([*words, f"last{row % 10}"])


def ids(index: Index, query: str) -> list[Any]:
    return [found.id for found in index.query(query, limit=100)]


def test_what_is_added_is_found_and_what_is_removed_is_not(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index", threshold=0.8)
    index.add([text(row) for row in range(100)], range(100))
    index.add(pa.array([text(100), None, "?!"]), ["a", "b", "é\u2028"])
    assert len(index) == 103
    found = index.query(text(57), limit=100)
    assert [it.id for it in found] == [57, *(row for row in range(50, 60) if row != 57)]
    assert (found[0].intersection, found[0].union, found[0].similarity) == (36, 36, 1.0)
    assert found[1].similarity == 35 / 37
    assert ids(index, text(100)) == ["a"]
    assert ids(index, "") == []
    assert index.remove([57, "a", "no such"]) == 2
    assert 57 not in ids(index, text(57))
    assert index.remove(["é\u2028"]) == 1
    index.merge()
    assert (len(index), len(ids(index, text(50)))) == (100, 9)
    index.check()


def test_many_queries_give_what_single_ones_give(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add([text(row) for row in range(50)], range(50))
    queries = [text(row) for row in range(0, 60, 7)]
    single = [index.query(query, limit=3) for query in queries]
    assert index.query_many(queries, limit=3) == single
    assert index.query_many(pa.table({"body": queries}), column="body", limit=3) == single
    assert index.query_many([None, text(0)], limit=1)[0] == []


def test_an_open_index_sees_changes_of_others_after_a_refresh(tmp_path: Path) -> None:
    writer = Index.create(tmp_path / "index")
    reader = Index(tmp_path / "index")
    writer.add([text(0)], [0])
    assert (len(reader), reader.refresh(), len(reader), reader.refresh()) == (0, True, 1, False)
    other = (
        "import sys; from mithril.dedup import Index; Index(sys.argv[1]).add(['other text'], [1])"
    )
    subprocess.run([sys.executable, "-c", other, str(tmp_path / "index")], check=True)
    reader.refresh()
    assert ids(reader, "other text") == [1]


def test_readers_and_a_writer_work_at_the_same_time(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add([text(row) for row in range(10)], range(10))
    failures: list[BaseException] = []
    finished = threading.Event()

    def read() -> None:
        try:
            mine = Index(tmp_path / "index")
            while not finished.is_set():
                mine.refresh()
                assert len(ids(mine, text(3))) == 10
                assert len(mine) % 10 == 0
        except BaseException as failure:
            failures.append(failure)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for at in range(1, 30):
        index.add([text(row) for row in range(at * 10, at * 10 + 10)], range(10))
    finished.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(index) == 300


def test_the_command_and_python_share_an_index(tmp_path: Path) -> None:
    node, command = shutil.which("node"), ROOT / "dist" / "cli" / "mithril.js"
    assert node is not None
    rows = [json.dumps({"id": f"k{row}", "text": text(row)}) for row in range(40)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    build = ["dedup", "index", "build", "in.jsonl", "-o", "made.index", "--id-key", "id", "-q"]
    subprocess.run([node, str(command), *build], cwd=tmp_path, check=True)
    index = Index(tmp_path / "made.index")
    assert ids(index, text(12))[:2] == ["k12", "k10"]
    assert (len(index), index.settings.bands, index.settings.rows) == (40, 20, 6)
    index.add([text(12)], ["mine"])
    query = ["dedup", "index", "query", "made.index", "--text", text(12), "--format", "json", "-q"]
    told = subprocess.run(
        [node, str(command), *query], cwd=tmp_path, check=True, capture_output=True
    )
    found = json.loads(told.stdout)["neighbours"]
    assert [(it["id"], it["similarity"]) for it in found[:2]] == [("k12", 1), ("mine", 1)]


def test_neighbours_are_the_duplicates_that_dedup_finds(tmp_path: Path) -> None:
    texts = [text(row) for row in range(200)]
    index = Index.create(tmp_path / "index", threshold=0.9)
    index.add(texts, range(200))
    found = dedup(texts, threshold=0.9)
    pairs = zip(found.removed, found.survivors, found.similarities, strict=True)
    for removed, survivor, similarity in pairs:
        neighbours = {it.id: it.similarity for it in index.query(texts[removed], limit=100)}
        assert neighbours[survivor] == similarity


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(mithril.InputError, match="expected a folder that was built"):
        Index(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    index = Index.create(tmp_path / "index")
    with pytest.raises(mithril.InputError, match="not taken"):
        Index.create(tmp_path / "index")
    with pytest.raises(mithril.InputError, match="number of ids: expected 2"):
        index.add(["a", "b"], [1])
    with pytest.raises(mithril.InputError, match="ids: expected str or int, found float"):
        index.add(["a"], [1.5])  # type: ignore[list-item]  # on purpose
    with pytest.raises(mithril.InputError, match=r"texts\[0\]"):
        index.add([b"a"], [1])  # type: ignore[list-item]  # on purpose
    with pytest.raises(mithril.InputError, match="threshold"):
        index.query("a", threshold=2)
    with pytest.raises(mithril.InputError, match="threshold"):
        Index.create(tmp_path / "other", threshold=-1)
    assert len(index) == 0
    assert len(Index.create(tmp_path / "index", replace=True)) == 0
    head = tmp_path / "index" / "head"
    head.write_bytes(head.read_bytes().replace(b"word", b"char"))
    with pytest.raises(mithril.CorruptionError, match="checksum"):
        Index(tmp_path / "index")
