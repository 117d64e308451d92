"""Writes documents of which three in ten are copies of an earlier one, with one or two other words.

python make_dataset.py DOCS.jsonl COPIES.txt: the second file gets the ids of the copies.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

DOCUMENTS, WORDS, VOCABULARY, COPIES = 20_000, 60, 50_000, 0.3


def main(documents: Path, copies: Path) -> None:
    """Writes both files; the same ones on every machine."""
    numbers = random.Random(0)
    originals: list[list[str]] = []
    with documents.open("w") as out, copies.open("w") as known:
        for number in range(DOCUMENTS):
            is_copy = bool(originals) and numbers.random() < COPIES
            if is_copy:
                words = list(numbers.choice(originals))
                for place in numbers.sample(range(WORDS - 5, WORDS), numbers.randint(1, 2)):
                    words[place] = f"other{numbers.randrange(VOCABULARY)}"
                known.write(f"doc-{number}\n")
            else:
                words = [f"w{numbers.randrange(VOCABULARY)}" for _ in range(WORDS)]
                originals.append(words)
            out.write(json.dumps({"id": f"doc-{number}", "text": " ".join(words)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
