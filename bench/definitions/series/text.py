"""Real text to train on: documents as strings, always in the same order.

Without a file: the reference pages of the Python language that ship with Python
(``pydoc_data.topics``, about 460 KB), cut at empty lines. With a file: one document a line, plain
or as JSON with a ``text`` field, ``.zst`` where it is compressed.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

#: Shorter pieces are headings and code.
WORDS_MIN = 12


def documents(source: str | None) -> list[str]:
    """Return the documents of ``source``, a path, or of Python's own pages."""
    pieces = _of_file(Path(source)) if source else _of_python()
    return [piece for piece in pieces if len(piece.split()) >= WORDS_MIN]


def describe(source: str | None, texts: list[str]) -> dict[str, object]:
    """Return what a record says of the text: where from, how much, and its digest."""
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    name = Path(source).name if source else "pydoc_data.topics"
    return {"name": name, "documents": len(texts), "sha256": digest}


def _of_python() -> list[str]:
    from pydoc_data.topics import topics

    pages = "\n\n".join(topics[name] for name in sorted(topics))
    return [re.sub(r"\s+", " ", piece).strip() for piece in re.split(r"\n\s*\n", pages)]


def _of_file(path: Path) -> list[str]:
    data = path.read_bytes()
    if path.suffix == ".zst":
        import zstandard

        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        path = path.with_suffix("")
    lines = data.decode().splitlines()
    return [json.loads(line)["text"] for line in lines] if path.suffix == ".jsonl" else lines
