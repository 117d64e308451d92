"""Makes text sets whose duplicates are known: ``synthetic.py KIND OUTPUT`` writes JSON lines.

Every row is ``{"id", "text", "of", "similarity"}``: ``of`` is the row that it was made from, by its
number, or null; ``similarity`` is the exact Jaccard similarity of the two sets of word 5-grams.
Seeded; words are drawn by Zipf's law from a vocabulary of 50,000. Kinds:

``exact-1k``  1,000 rows, 300 of them copies of another row.
``near-100k`` 100,000 rows, 30,000 of them another row with one or two words changed (0.8 or more).
``bands``     pairs of 300 words that nothing else is like: 600 in each band of BANDS.
"""

from __future__ import annotations

import json
import random
import sys
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261125
NGRAM = 5
VOCABULARY = 50_000
#: Lower and upper bounds of similarity; the threshold 0.8 is one of them.
BANDS = list(pairwise([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0]))
PAIRS = 600
PAIR_WORDS = 300

Words = list[str]
Row = tuple[Words, int | None, float | None]


class Writer:
    """Words by Zipf's law."""

    def __init__(self) -> None:
        """Start at the seed."""
        self.random = random.Random(SEED)
        self.weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))

    def words(self, count: int) -> Words:
        """Return ``count`` words."""
        numbers = self.random.choices(range(VOCABULARY), cum_weights=self.weights, k=count)
        return [f"w{number}" for number in numbers]

    def changed(self, words: Words, places: int) -> Words:
        """Return a copy with the words at some places replaced by words of no other row."""
        copy = list(words)
        for place in self.random.sample(range(len(words)), places):
            copy[place] = f"new{self.random.getrandbits(64):x}"
        return copy


def similarity(one: Words, other: Words) -> float:
    """Return the Jaccard similarity of two sets of 5-grams, computed plainly."""
    a, b = (
        {tuple(it[at : at + NGRAM]) for at in range(len(it) - NGRAM + 1)} for it in (one, other)
    )
    return len(a & b) / len(a | b)


def exact(writer: Writer, count: int) -> Iterator[Row]:
    """Yield rows of 20 to 200 words, three tenths of them copies."""
    originals = [writer.words(writer.random.randint(20, 200)) for _ in range(count * 7 // 10)]
    for words in originals:
        yield words, None, None
    for _ in range(count - len(originals)):
        of = writer.random.randrange(len(originals))
        yield originals[of], of, 1.0


def near(writer: Writer, count: int) -> Iterator[Row]:
    """Yield rows of 60 to 120 words, three tenths of them near copies, each of another row."""
    originals = [writer.words(writer.random.randint(60, 120)) for _ in range(count * 7 // 10)]
    for words in originals:
        yield words, None, None
    for of in writer.random.sample(range(len(originals)), count - len(originals)):
        copy, found = originals[of], 0.0
        while found < 0.8:
            copy = writer.changed(originals[of], writer.random.randint(1, 2))
            found = similarity(originals[of], copy)
        yield copy, of, found


def bands(writer: Writer) -> Iterator[Row]:
    """Yield pairs whose similarity is spread over each band: first all firsts, then all seconds."""
    pairs: list[tuple[Words, Words, float]] = []
    for low, high in BANDS:
        wanted = len(pairs) + PAIRS
        while len(pairs) < wanted:
            words = writer.words(PAIR_WORDS)
            # p places apart from each other change 5p of the n-grams: J = (n - 5p) / (n + 5p).
            aim = writer.random.uniform(low, high)
            places = round((PAIR_WORDS - NGRAM + 1) * (1 - aim) / (1 + aim) / NGRAM)
            other = writer.changed(words, max(1, places))
            found = similarity(words, other)
            if low <= found < high:
                pairs.append((words, other, found))
    for words, _, _ in pairs:
        yield words, None, None
    for of, (_, words, found) in enumerate(pairs):
        yield words, of, found


def main(kind: str, output: str) -> None:
    """Write the set."""
    writer = Writer()
    rows = {
        "exact-1k": lambda: exact(writer, 1_000),
        "near-100k": lambda: near(writer, 100_000),
        "bands": lambda: bands(writer),
    }[kind]()
    with Path(output).open("w") as out:
        for at, (words, of, found) in enumerate(rows):
            row = {"id": f"{at}", "text": " ".join(words), "of": of, "similarity": found}
            out.write(f"{json.dumps(row)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
