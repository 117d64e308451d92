"""Tensors of a checkpoint: the safetensors header, and bytes taken from or put into memory."""

from __future__ import annotations

import bisect
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mithril import _native
from mithril._errors import InputError
from mithril._storage import (
    Connection,
    FilePath,
    complete_only,
    default_threads,
    is_s3,
    name_of,
    open_place,
    open_places,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Buffer

#: Bits of an element, in the order in which safetensors lays tensors out: this one reversed.
DTYPE_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
_RANK = {dtype: rank for rank, dtype in enumerate(DTYPE_BITS)}
_HEADER_ALIGNMENT = 8
#: Threads that read an object unless told otherwise: each waits for the network most of the time.
S3_READERS = 8


@dataclass(frozen=True, slots=True)
class Given:
    """A tensor to be saved. ``memory`` gives its bytes when it is reached, and is called once."""

    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    memory: Callable[[], Buffer]


class TensorSource:
    """A safetensors file that exists in memory only, as the header and the tensors' own memory."""

    def __init__(self, tensors: Mapping[str, Given], metadata: Mapping[str, str] | None) -> None:
        ordered = sorted(tensors.items(), key=lambda item: (-_RANK[item[1].dtype], item[0]))
        head = _header(ordered, metadata)
        self._memory: list[Callable[[], Buffer]] = [lambda: head]
        self._starts = [0]
        end = len(head)
        for _, tensor in ordered:
            if tensor.nbytes > 0:
                self._memory.append(tensor.memory)
                self._starts.append(end)
                end += tensor.nbytes
        self.size = end
        self._current: tuple[int, memoryview] | None = None

    def read_range(self, offset: int, length: int) -> Sequence[Buffer]:
        """Give views of the memory that the range lies in; copies nothing."""
        parts = []
        index = bisect.bisect_right(self._starts, offset) - 1
        while length > 0:
            view = self._view(index)[offset - self._starts[index] :][:length]
            parts.append(view)
            offset += view.nbytes
            length -= view.nbytes
            index += 1
        return parts

    def _view(self, index: int) -> memoryview:
        if self._current is None or self._current[0] != index:
            view = memoryview(self._memory[index]())
            self._current = (index, view.cast("B") if view.nbytes > 0 else view)
        return self._current[1]


def _header(ordered: Sequence[tuple[str, Given]], metadata: Mapping[str, str] | None) -> bytes:
    content: dict[str, Any] = {}
    if metadata is not None:
        content["__metadata__"] = _checked_metadata(metadata)
    end = 0
    for name, tensor in ordered:
        if name == "__metadata__" or not isinstance(name, str):
            raise InputError(f"name of a tensor: expected a string, found {name!r}")
        start, end = end, end + tensor.nbytes
        content[name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _HEADER_ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InputError(f"metadata: expected strings, found {key!r}: {value!r}")
    return dict(metadata)


def save_tensors(
    tensors: Mapping[str, Given],
    filename: FilePath,
    metadata: Mapping[str, str] | None,
    *,
    base: FilePath | None,
    chain: Sequence[FilePath],
    threads: int | None,
    level: str,
    connection: Connection,
) -> _native.Summary:
    """Compress tensors from their memory into a new file or object."""
    source = TensorSource(tensors, metadata)
    count = default_threads(threads)
    bases = open_places([base, *chain] if base is not None else [], connection)
    with complete_only(filename, connection, bytes_max=source.size) as out:
        return _native.compress(source, out, name_of(filename), bases, count, level, None)


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor as the header describes it; ``offset`` counts from the start of the original."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int


class Checkpoint:
    """A checkpoint opened for reading: ``.mith`` or plain safetensors, a file or an object."""

    def __init__(
        self,
        filename: FilePath,
        *,
        bases: Sequence[FilePath],
        threads: int | None,
        connection: Connection,
    ) -> None:
        self._threads = default_threads(threads)
        if threads is None and is_s3(filename):
            self._threads = max(self._threads, S3_READERS)
        place = open_place(filename, connection)
        self._reader = _native.Reader(place, open_places(bases, connection))
        if self._reader.header_bytes is None:
            raise InputError(f"{filename}: expected safetensors, found {self._reader.reason}")
        self.entries = {
            row[0]: Entry(row[0], row[1], tuple(row[2]), row[3], row[4])
            for row in self._reader.tensors()
        }

    def metadata(self) -> dict[str, str] | None:
        """Free text of the header."""
        text = self._reader.read(8, (self._reader.header_bytes or 8) - 8)
        metadata = json.loads(text).get("__metadata__")
        return metadata if isinstance(metadata, dict) else None

    def entry(self, name: str) -> Entry:
        """Describe one tensor."""
        try:
            return self.entries[name]
        except KeyError:
            raise InputError(f"tensor: expected a name in the checkpoint, found {name!r}") from None

    def read_into(self, parts: Sequence[tuple[int, Buffer]]) -> None:
        """Fill each buffer with the bytes from its offset on."""
        self._reader.read_into(parts, self._threads, None)


def rows_of(entry: Entry, first: object) -> tuple[Entry, object]:
    """Narrow a tensor to the rows that an index of its first dimension needs.

    Returns the rows as a tensor of their own, and the index to use there. An index that is neither
    a number nor a slice needs all rows.
    """
    if not entry.shape or math.prod(entry.shape) == 0:
        return entry, first
    count = entry.shape[0]
    row_bytes = entry.nbytes // count
    if isinstance(first, slice):
        start, stop, step = first.indices(count)
        if step < 1:
            raise InputError(f"step of a slice: expected at least 1, found {step}")
        stop = max(start, stop)
        left: object = slice(None, None, step)
    elif hasattr(first, "__index__") and not isinstance(first, bool):
        start = first.__index__()
        start += count if start < 0 else 0
        if not 0 <= start < count:
            raise IndexError(f"index {first} is out of bounds for dimension 0 with size {count}")
        stop, left = start + 1, 0
    else:
        return entry, first
    rows = Entry(
        entry.name,
        entry.dtype,
        (stop - start, *entry.shape[1:]),
        entry.offset + start * row_bytes,
        (stop - start) * row_bytes,
    )
    return rows, left
