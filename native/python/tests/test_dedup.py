from __future__ import annotations

import copy
import doctest
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import ROOT

import mithril
from mithril import _dedup, _minhash
from mithril.dedup import Deduplicated, MinHash, dedup

if TYPE_CHECKING:
    from pathlib import Path


def made_texts(count: int, seed: int = 1) -> list[str]:
    """Half of them an earlier text of 40 words with up to three words changed, emoji among them."""
    numbers = random.Random(seed)
    texts: list[list[str]] = []
    for row in range(count):
        if row > 1 and numbers.random() < 0.5:
            words = list(numbers.choice(texts))
            for place in numbers.sample(range(40), numbers.randrange(4)):
                words[place] = f"Ünique{numbers.randrange(1000)}"
        else:
            words = [f"w{numbers.randrange(5000)}{'é❤️x'[: row % 4]}" for _ in range(40)]
        texts.append(words)
    return [" ".join(words) for words in texts]


def columns(found: Deduplicated) -> list[list[float]]:
    whole: list[memoryview[Any]]
    whole = [found.mask, found.kept, found.removed, found.survivors, found.cluster_of]
    return [*(list(map(float, view)) for view in whole), list(found.similarities)]


def rows_of(file: Path) -> list[Any]:
    return [json.loads(row) for row in file.read_text().splitlines()]


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))}


def test_the_examples_of_the_docstrings_are_right() -> None:
    for module in (_dedup, _minhash):
        assert doctest.testmod(module).failed == 0


def test_what_is_removed_names_its_survivor_and_their_exact_similarity() -> None:
    texts = [f"{text} tail" for text in made_texts(400)]
    # Only ASCII words without marks are cut by white space alone, as the plain twin does.
    texts = [text.encode("ascii", "ignore").decode() for text in texts]
    found = dedup(texts, threshold=0.7)
    assert len(found.removed) > 100
    assert sorted([*found.kept, *found.removed]) == list(range(400))
    assert [bool(kept) for kept in found.mask] == [row in set(found.kept) for row in range(400)]
    pairs = zip(found.removed, found.survivors, found.similarities, strict=True)
    for removed, survivor, similarity in pairs:
        assert survivor in set(found.kept)
        a, b = shingles(texts[removed]), shingles(texts[survivor])
        assert similarity == len(a & b) / len(a | b)
    clusters = found.clusters
    assert sum(len(cluster) - 1 for cluster in clusters) == len(found.removed)
    assert all(cluster[0] in set(found.cluster_of) for cluster in clusters)


def test_views_become_numpy_arrays_without_a_copy() -> None:
    found = dedup(["one two three", "one two three", "four"])
    assert np.asarray(found.mask).tolist() == [True, False, True]
    assert np.asarray(found.kept).dtype == np.uint32
    assert np.shares_memory(np.asarray(found.kept), np.asarray(found.kept))
    assert np.asarray(found.similarities).tolist() == [1.0]


TEXTS = [*made_texts(300), "", "?!", "x" * 100, "twelve bytes", "twelve bytes"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_arrow_gives_what_a_list_gives(kind: pa.DataType) -> None:
    with_nulls: list[str | None] = [
        None if row % 7 == 3 else text for row, text in enumerate(TEXTS)
    ]
    expected = columns(dedup(with_nulls))
    array = pa.array(with_nulls, kind)
    padded = pa.concat_arrays([pa.array(["skipped", None, "me"], kind), array])
    chunked = pa.chunked_array([array[:50], array[50:50], array[50:]])
    table = pa.table({"id": range(len(array)), "text": chunked})
    for texts in (array, padded[3:], chunked, table):
        assert columns(dedup(texts, threads=2)) == expected
    assert columns(dedup(table.rename_columns(["id", "body"]), column="body")) == expected
    batch = pa.record_batch({"text": padded})[3:]
    assert columns(dedup(batch)) == expected
    struct = pa.StructArray.from_arrays([padded], names=["text"])[3:]
    assert columns(dedup(struct)) == expected


def test_a_list_of_thousands_gives_what_arrow_gives() -> None:
    texts = made_texts(3000)
    assert columns(dedup(texts)) == columns(dedup(pa.array(texts)))


def test_a_list_may_change_meanwhile() -> None:
    texts = made_texts(3000)
    expected = columns(dedup(texts))
    for _ in range(20):
        changing = [f"{text} " for text in texts]  # Strings that nothing else keeps alive.
        begun = threading.Event()

        def empty(begun: threading.Event, changing: list[str]) -> None:
            begun.wait()
            changing.clear()

        other = threading.Thread(target=empty, args=(begun, changing))
        other.start()
        begun.set()
        found = dedup(changing, threads=1)
        other.join()
        # The other thread came first where there is no text.
        if len(found.mask) == len(texts):
            assert columns(found) == expected
            return
    pytest.fail("the list was always empty before its texts were taken")


def test_arrow_strings_are_read_where_they_are() -> None:
    array = pa.array(["some words that are long enough to count"] * 200_000)
    before = pa.total_allocated_bytes()
    found = dedup(array)
    assert len(found.removed) == 199_999
    assert pa.total_allocated_bytes() == before


def test_arrays_are_released() -> None:
    before = pa.total_allocated_bytes()
    array = pa.array(["a b c d e f"] * 1000)
    held = pa.total_allocated_bytes()
    assert held > before
    for texts in (array, pa.chunked_array([array]), pa.table({"text": array})):
        for _ in range(20):
            dedup(texts)
    with pytest.raises(mithril.InputError):
        dedup(pa.table({"other": array}))
    assert pa.total_allocated_bytes() == held
    del array, texts
    assert pa.total_allocated_bytes() == before


@pytest.mark.parametrize("kind", ["list", "arrow", "view"])
def test_missing_texts_are_kept_and_like_no_other(kind: str) -> None:
    texts: Any = [None, "same words", None, "same words", "", ""]
    if kind != "list":
        texts = pa.array(texts, pa.string() if kind == "arrow" else pa.string_view())
    else:
        texts[2] = float("nan")
    found = dedup(texts)
    assert list(found.removed) == [3]


def test_other_sequences_of_strings_are_taken() -> None:
    texts = ["one two", "one two", "three"]
    as_object = np.array(texts, dtype=object)
    for other in (
        tuple(texts),
        iter(texts),
        np.array(texts),
        as_object,
        dict.fromkeys("ab").keys(),
    ):
        assert list(dedup(other).removed) in ([1], [])
    assert list(dedup(np.array(texts)).removed) == [1]
    assert columns(dedup([])) == [[]] * 6
    assert columns(dedup(pa.array([], pa.string()))) == [[]] * 6
    assert columns(dedup(pa.chunked_array([], pa.string()))) == [[]] * 6


def test_an_enormous_text_is_one_text() -> None:
    huge = "word and word again " * 1_000_000
    assert list(dedup([huge, "short", huge]).removed) == [2]
    assert list(dedup(["x" * 20_000_000, "x" * 20_000_000]).removed) == [1]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ("one text", {}, "texts: expected a list of str or Arrow strings, found str"),
        ({"text": "x"}, {}, "found dict"),
        (7, {}, "found int"),
        (["a", 3], {}, r"texts\[1\]: expected str or None, found int"),
        (["a", b"b"], {}, r"texts\[1\]: expected str or None, found bytes"),
        (["a", "\ud800"], {}, r"texts\[1\]: half of a surrogate pair"),
        (["a"] * 3000 + [3], {}, r"texts\[3000\]: expected str or None, found int"),
        (np.array([1.5]), {}, "found float64"),
        (pa.array([1]), {}, "expected Arrow strings, found another type"),
        (pa.array([b"x"]), {}, "binary; cast it"),
        (pa.array(["x"]).dictionary_encode(), {}, "dictionary-encoded"),
        (pa.nulls(2), {}, "nothing but nulls"),
        (pa.table({"a": ["x"], "b": ["x"]}), {}, 'column: expected one of a, b, found "text"'),
        (pa.array(["x"]), {"column": "a"}, "expected a table"),
        (["x"], {"column": "a"}, "expected a table"),
        (["x"], {"threshold": 0}, "threshold"),
        (["x"], {"threshold": float("nan")}, "threshold"),
        (["x"], {"ngram": 0}, "n-gram size"),
        (["x"], {"unit": "line"}, "unit"),
        (["x"], {"num_perm": 0}, "permutations|recall"),
        (["x"], {"bands": 3}, "both or neither"),
        (["x"], {"bands": 30, "rows": 30}, "bands x rows"),
        (["x"], {"keep": "best"}, "keep"),
        (["x"], {"scores": [1.0, 2.0]}, "number of scores"),
        (["x"], {"threads": 0}, "threads"),
    ],
)
def test_what_is_wrong_is_said(texts: Any, options: dict[str, Any], message: str) -> None:  # noqa: ANN401
    with pytest.raises(mithril.InputError, match=message):
        dedup(texts, **options)


def test_arrow_that_is_not_utf8_is_refused_unless_it_is_null() -> None:
    data = pa.py_buffer(b"okay\xff\xffwell")
    ends = pa.py_buffer(np.array([0, 4, 6, 10], np.int32))
    broken = pa.Array.from_buffers(pa.string(), 3, [None, ends, data])
    with pytest.raises(mithril.InputError, match=r"texts\[1\]: not UTF-8"):
        dedup(broken)
    with pytest.raises(mithril.InputError, match=r"texts\[2\]: not UTF-8"):
        dedup(pa.chunked_array([pa.array(["x"]), broken]))
    validity = pa.py_buffer(b"\x05")
    null = pa.Array.from_buffers(pa.string(), 3, [validity, ends, data])
    assert list(dedup(pa.chunked_array([pa.array(["okay"]), null])).removed) == [1]
    split = pa.py_buffer(np.array([0, 1, 2], np.int32))
    halves = pa.Array.from_buffers(pa.string(), 2, [None, split, pa.py_buffer("é".encode())])
    with pytest.raises(mithril.InputError, match=r"texts\[0\]: not UTF-8"):
        dedup(halves)
    backwards = pa.py_buffer(np.array([0, 4, 2, 10], np.int32))
    wrong = pa.Array.from_buffers(pa.string(), 3, [None, backwards, pa.py_buffer(b"0123456789")])
    with pytest.raises(mithril.InputError, match="broken Arrow array: its offsets"):
        dedup(wrong)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=30), st.integers(1, 3))
def test_any_texts_give_the_same_by_list_and_arrow(texts: list[str | None], threads: int) -> None:
    expected = columns(dedup(texts, ngram=2, threads=1))
    for kind in (pa.string(), pa.string_view()):
        assert columns(dedup(pa.array(texts, kind), ngram=2, threads=threads)) == expected


def test_decisions_are_those_of_the_command(tmp_path: Path) -> None:
    node, command = shutil.which("node"), ROOT / "dist" / "cli" / "mithril.js"
    assert node is not None
    texts = made_texts(3000, seed=7)
    rows = [json.dumps({"id": row, "text": text}) for row, text in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    for keep, more in [("first", []), ("longest", ["--ngram", "char:9", "--threshold", "0.75"])]:
        line = [
            node,
            str(command),
            "dedup",
            "in.jsonl",
            "-o",
            f"{keep}.jsonl",
            "--keep",
            keep,
            *more,
        ]
        report = ["--report", f"{keep}.report.jsonl", "--id-key", "id"]
        subprocess.run([*line, *report, "-q"], cwd=tmp_path, check=True, capture_output=True)
        changed: dict[str, Any] = {"unit": "char", "ngram": 9, "threshold": 0.75} if more else {}
        found = dedup(texts, keep=keep, **changed)  # type: ignore[arg-type]  # it is one of Keep
        kept = [row["id"] for row in rows_of(tmp_path / f"{keep}.jsonl")]
        assert kept == list(found.kept)
        told = rows_of(tmp_path / f"{keep}.report.jsonl")
        ours = zip(found.removed, found.survivors, found.similarities, strict=True)
        assert [(it["id"], it["survivor"]["id"], it["similarity"]) for it in told] == list(ours)
        assert len(told) > 300


def test_scores_choose_the_survivor() -> None:
    texts = ["a b c", "a b c", "a b c", "other"]
    assert list(dedup(texts, scores=[1, float("nan"), 2.5, 0]).kept) == [2, 3]
    assert list(dedup(texts, keep="last").kept) == [2, 3]


def test_other_threads_run_meanwhile_and_ctrl_c_ends_it() -> None:
    texts = [" ".join(f"w{row}x{at}" for at in range(400)) for row in range(5_000)] * 12
    ticks, finished = 0, threading.Event()

    def work() -> None:
        dedup(texts, threads=1)
        finished.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not finished.is_set():
        time.sleep(0.001)
        ticks += 1
    worker.join()
    assert ticks > 10
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    many = texts * 20
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            dedup(many, threads=1)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def test_a_signature_estimates_the_similarity() -> None:
    a, b = MinHash(1024), MinHash(1024)
    a.update(" ".join(f"w{at}" for at in range(404)))
    b.update(" ".join(f"w{at}" for at in range(200, 604)))
    exact = 200 / 600
    assert abs(a.jaccard(b) - exact) < 5 * a.standard_error(exact)
    assert len(a.digest()) == 1024
    b.merge(a)
    whole = MinHash(1024)
    whole.update(" ".join(f"w{at}" for at in range(604)))
    assert b == whole
    assert a != whole
    assert b.jaccard(whole) == 1


def test_a_signature_can_be_pickled_and_copied() -> None:
    a = MinHash(64, ngram=3, unit="char", seed=2**64 - 1)
    a.update("some text")
    for again in (pickle.loads(pickle.dumps(a)), copy.deepcopy(a)):
        assert again == a
        assert again is not a
        again.update("more of it")
        assert again != a
    assert repr(a) == f"MinHash(64, ngram=3, unit='char', seed={2**64 - 1})"


def test_an_empty_signature_is_like_no_other() -> None:
    a, b = MinHash(), MinHash()
    a.update("?!")
    assert a.is_empty
    assert a.jaccard(b) == 0
    assert a == b
    b.merge(a)
    assert b.is_empty
    b.update("word")
    assert not b.is_empty


def test_signatures_of_other_settings_are_not_compared() -> None:
    with pytest.raises(mithril.InputError, match=r"expected \(128, 5"):
        MinHash().jaccard(MinHash(64))
    with pytest.raises(mithril.InputError, match="seed"):
        MinHash().merge(MinHash(seed=1))
    with pytest.raises(mithril.InputError, match="permutations"):
        MinHash(0)
    with pytest.raises(mithril.InputError, match="digest"):
        MinHash().__setstate__((64, 5, "word", 0, False, b"123"))
