"""MinHash estimates against exact Jaccard similarities of the whole range.

    .setup/python/bin/python bench/definitions/dedup/correlation.py --pairs 2000

Pairs of texts of 200 drawn words. The second text keeps a random share of the first's beginning,
drawn evenly from 0 to 1, and goes on with other words, so that similarities lie everywhere between
0 and 1. The exact similarity is that of the sets of word 5-grams, computed here by plain sets; the
estimate is that of ``mithril.dedup.MinHash``. The error is compared with what theory says of k
independent permutations: the mean of J (1 - J) / k. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics

from mithril.dedup import MinHash

SEED = 20_261_125
WORDS = 200
VOCABULARY = 50_000
NGRAM = 5
PERMUTATIONS = 128


def exact(first: list[str], second: list[str]) -> float:
    """Similarity of the sets of 5-grams."""

    def shingles(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)}

    a, b = shingles(first), shingles(second)
    return len(a & b) / len(a | b)


def estimate(first: list[str], second: list[str]) -> float:
    """Similarity by signatures."""
    signatures = [MinHash(PERMUTATIONS, ngram=NGRAM) for _ in range(2)]
    for signature, words in zip(signatures, (first, second), strict=True):
        signature.update(" ".join(words))
    return signatures[0].jaccard(signatures[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000)
    count = parser.parse_args().pairs
    drawn = random.Random(SEED)
    truths: list[float] = []
    estimates: list[float] = []
    for _ in range(count):
        first, other = ([f"w{drawn.randrange(VOCABULARY)}" for _ in range(WORDS)] for _ in range(2))
        kept = round(drawn.random() * WORDS)
        second = first[:kept] + other[kept:]
        truths.append(exact(first, second))
        estimates.append(estimate(first, second))
    squares = [(a - b) ** 2 for a, b in zip(truths, estimates, strict=True)]
    theory = statistics.mean(truth * (1 - truth) / PERMUTATIONS for truth in truths)
    found = {
        "pairs": count,
        "least": min(truths),
        "largest": max(truths),
        "correlation": statistics.correlation(truths, estimates),
        "rmse": math.sqrt(statistics.mean(squares)),
        "rmseTheory": math.sqrt(theory),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
