"""Many small artefacts in one entry: a header in JSON, then the artefacts, deflated together.

Nothing here looks into an artefact. Sizes are bounded before anything is allocated.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"MITHRILC1\n"
HEADER_BYTES_MAX = 16 << 20
BODY_BYTES_MAX = 1 << 30
ITEMS_MAX = 100_000


class MalformedError(ValueError):
    """These bytes are no container."""


@dataclass(frozen=True, slots=True)
class Item:
    """One artefact; `name` has no slash beyond those that separate its parts."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """What an entry holds: artefacts, and what is said about them."""

    items: tuple[Item, ...]
    about: dict[str, Any] = field(default_factory=dict)


def pack(container: Container) -> bytes:
    """The bytes of a container: the same for the same items in any order."""
    items = sorted(container.items, key=lambda item: item.name)
    header = json.dumps(
        {"about": container.about, "items": [[one.name, len(one.data)] for one in items]},
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    body = zlib.compress(b"".join(one.data for one in items), 3)
    return MAGIC + len(header).to_bytes(4, "little") + header + body


def unpack(data: bytes) -> Container:
    """The container of these bytes; `MalformedError` if they are none."""
    start = len(MAGIC) + 4
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise MalformedError("not a container")
    header_bytes = int.from_bytes(data[len(MAGIC) : start], "little")
    if header_bytes > HEADER_BYTES_MAX or start + header_bytes > len(data):
        raise MalformedError("the header is cut off")
    try:
        header = json.loads(data[start : start + header_bytes])
        sizes = [(str(name), int(size)) for name, size in header["items"]]
        about = dict(header["about"])
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError("the header is damaged") from error
    body = _inflated(data[start + header_bytes :], sizes)
    items, offset = [], 0
    for name, size in sizes:
        items.append(Item(name, body[offset : offset + size]))
        offset += size
    return Container(tuple(items), about)


def _inflated(data: bytes, sizes: list[tuple[str, int]]) -> bytes:
    total = sum(size for _, size in sizes)
    if len(sizes) > ITEMS_MAX or any(size < 0 for _, size in sizes) or total > BODY_BYTES_MAX:
        raise MalformedError("the sizes are out of bounds")
    for name, _ in sizes:
        check_name(name)
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(data, total + 1)
    except zlib.error as error:
        raise MalformedError("the artefacts are damaged") from error
    if len(body) != total or not inflater.eof or inflater.unused_data:
        raise MalformedError("the artefacts do not have the sizes of the header")
    return body


def check_name(name: str) -> None:
    """Refuse what could leave a folder."""
    parts = name.split("/")
    if len(name) > 400 or any(
        not part or part.startswith(".") or not part.isascii() or not part.isprintable()
        for part in parts
    ):
        raise MalformedError(f"{name!r} cannot be the name of an artefact")
