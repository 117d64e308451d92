"""A peer once, JSON lines in, JSON lines out: ``peers.py NAME INPUT OUTPUT``; ``list`` names them.

Rows are ``{"id", "text"}``. Prints ``{"cpu", "version"}``: seconds of CPU time (user and system,
children included) from the first byte read to the last one written, imports left out.

What is asked of all: word 5-grams in lower case, 128 permutations in 16 bands of 8 rows, threshold
0.8. More bands would find more and cost more. Where a tool takes sets, it is given the 5-grams of
``\\w+`` words; where it has words of its own, it uses them, which is faster or the only way.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

THRESHOLD = 0.8
NGRAM = 5
PERMUTATIONS = 128
BANDS = 16
ROWS = PERMUTATIONS // BANDS
WORD = re.compile(r"\w+")

Rows = list[dict[str, Any]]


def shingles(text: str) -> list[str]:
    """Return the 5-grams of a text; one of fewer words is a single shingle."""
    words = WORD.findall(text.lower())
    if len(words) < NGRAM:
        return [" ".join(words)]
    return list(map(" ".join, zip(*(words[at:] for at in range(NGRAM)), strict=False)))


def rensa_keeps() -> Callable[[Rows], Iterable[bool]]:
    """R-MinHash; candidates are checked by the similarity of their signatures."""
    rensa = importlib.import_module("rensa")

    def keeps(rows: Rows) -> Iterable[bool]:
        index = rensa.RMinHashDeduplicator(
            threshold=THRESHOLD, num_perm=PERMUTATIONS, use_lsh=True, num_bands=BANDS
        )
        pairs = ((str(at), shingles(row["text"])) for at, row in enumerate(rows))
        kept: Iterable[bool] = index.add_pairs(pairs)
        return kept

    return keeps


def gaoya_keeps() -> Callable[[Rows], Iterable[bool]]:
    """Its own words in Rust; candidates are checked by the similarity of their signatures."""
    minhash = importlib.import_module("gaoya.minhash")

    def keeps(rows: Rows) -> Iterable[bool]:
        index = minhash.MinHashStringIndex(
            hash_size=32,
            jaccard_threshold=THRESHOLD,
            num_bands=BANDS,
            band_size=ROWS,
            analyzer="word",
            lowercase=True,
            ngram_range=(NGRAM, NGRAM),
        )
        texts = [row["text"] for row in rows]
        index.par_bulk_insert_docs(list(range(len(texts))), texts)
        found = index.par_bulk_query(texts)
        return (min(like, default=at) >= at for at, like in enumerate(found))

    return keeps


def datasketch_keeps() -> Callable[[Rows], Iterable[bool]]:
    """Candidates are checked by the similarity of their signatures."""
    datasketch = importlib.import_module("datasketch")
    xxhash = importlib.import_module("xxhash")

    def keeps(rows: Rows) -> Iterable[bool]:
        index = datasketch.MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
        sets = ([one.encode() for one in shingles(row["text"])] for row in rows)
        made = datasketch.MinHash.generator(
            sets, num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest
        )
        earlier: list[Any] = []
        for at, minhash in enumerate(made):
            like = (earlier[other].jaccard(minhash) for other in index.query(minhash))
            yield not any(similarity >= THRESHOLD for similarity in like)
            index.insert(at, minhash, check_duplication=False)
            earlier.append(minhash)

    return keeps


def text_dedup() -> Callable[[Path, Path], None]:
    """Its own words; candidates are not checked. Its Arrow output is turned into JSON lines."""
    program = importlib.import_module("text_dedup.minhash")
    datasets = importlib.import_module("datasets")
    program.logger.disabled = True
    datasets.disable_progress_bars()

    def work(source: Path, target: Path) -> None:
        folder = target.with_suffix(".text-dedup")
        options = {
            "path": "json",
            "data_files": source,
            "split": "train",
            "cache_dir": folder / "cache",
            "output": folder / "out",
            "column": "text",
            "ngram": NGRAM,
            "min_length": 1,
            "num_perm": PERMUTATIONS,
            "threshold": THRESHOLD,
            "b": BANDS,
            "r": ROWS,
            "hash_func": "xxh3",
            "num_proc": 1,
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        program.main(arguments, standalone_mode=False)
        datasets.load_from_disk(str(folder / "out")).to_json(str(target))
        shutil.rmtree(folder)

    return work


def datatrove() -> Callable[[Path, Path], None]:
    """Its four stages, its own words (spaCy's for English); candidates are not checked."""
    importlib.import_module("loguru").logger.remove()
    dedup = importlib.import_module("datatrove.pipeline.dedup.minhash")
    executor = importlib.import_module("datatrove.executor").LocalPipelineExecutor
    readers = importlib.import_module("datatrove.pipeline.readers")
    writers = importlib.import_module("datatrove.pipeline.writers")
    hashing = importlib.import_module("datatrove.utils.hashing")

    def work(source: Path, target: Path) -> None:
        folder = target.with_suffix(".datatrove")
        config = dedup.MinhashConfig(
            n_grams=NGRAM,
            num_buckets=BANDS,
            hashes_per_bucket=ROWS,
            hash_config=hashing.HashConfig(hash_fc="xxhash", precision=64),
        )
        signatures, buckets, removed, out = (f"{folder}/{name}" for name in "sbro")
        # The reader takes every file below a folder whose path ends as its pattern does.
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "rows.jsonl").symlink_to(source.resolve())
        reader = readers.JsonlReader(f"{folder}/in", compression=None)
        stages = [
            ([reader, dedup.MinhashDedupSignature(signatures, config=config)], 1),
            ([dedup.MinhashDedupBuckets(signatures, buckets, config=config)], BANDS),
            ([dedup.MinhashDedupCluster(buckets, removed, config=config)], 1),
            (
                [
                    reader,
                    dedup.MinhashDedupFilter(removed),
                    writers.JsonlWriter(out, output_filename="rows.jsonl", compression=None),
                ],
                1,
            ),
        ]
        for number, (pipeline, tasks) in enumerate(stages):
            logs = f"{folder}/log{number}"
            executor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
        shutil.move(f"{out}/rows.jsonl", target)
        shutil.rmtree(folder)

    return work


def by_rows(keeps: Callable[[Rows], Iterable[bool]]) -> Callable[[Path, Path], None]:
    """Read and write for a library that has no files."""

    def work(source: Path, target: Path) -> None:
        with source.open("rb") as lines:
            raw = list(lines)
        rows = [json.loads(line) for line in raw]
        with target.open("wb") as out:
            out.writelines(line for line, kept in zip(raw, keeps(rows), strict=True) if kept)

    return work


TOOLS: dict[str, Callable[[], Callable[[Path, Path], None]]] = {
    "rensa": lambda: by_rows(rensa_keeps()),
    "gaoya": lambda: by_rows(gaoya_keeps()),
    "datasketch": lambda: by_rows(datasketch_keeps()),
    "text-dedup": text_dedup,
    "datatrove": datatrove,
}


def cpu_seconds() -> float:
    """Return what this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(name: str, source: str, target: str) -> None:
    """Do the work once."""
    work = TOOLS[name]()
    began = cpu_seconds()
    work(Path(source), Path(target))
    print(json.dumps({"cpu": cpu_seconds() - began, "version": version(name)}))


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print(json.dumps(list(TOOLS)))
    else:
        main(*sys.argv[1:])
