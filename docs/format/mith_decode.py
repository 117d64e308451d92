#!/usr/bin/env python3
"""Restore a checkpoint that Mithril compressed, without Mithril.

    python mith_decode.py INPUT OUTPUT [BASE ...]

INPUT is a .mith file, or a folder with segments/*.mseg and one manifest*.json. Each BASE is the
checkpoint that INPUT refers to, or one further down the chain: plain, .mith or such a folder.
Needs numpy and zstandard. Written after checkpoint-v1.md, whose sections are named; for speed
take the mithril package, this program is for the day when there is none.
"""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import zstandard

RAW, STANDALONE, SUBTRACT, XOR, IDENTICAL, GROUPED = range(6)


class Reader:
    """Takes fields off the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        check(size <= len(self.data), "bytes are missing")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


def check(good: bool, what: str) -> None:
    """Refuse damaged input."""
    if not good:
        raise ValueError(what)


def read_streams(reader: Reader, lengths: list[int], low: int | None = None) -> list[np.ndarray]:
    """Section 2.3: headers, then bodies. `low` bytes without a header follow the first body."""
    headers = [reader.varint() for _ in lengths]
    streams = []
    for header, length in zip(headers, lengths, strict=True):
        body, coding = reader.take(header >> 2), header & 3
        check(coding < 3, "newer coding")
        if coding == 0:
            body *= length
        elif coding == 2:
            body = zstandard.ZstdDecompressor().decompress(body, max_output_size=length)
        check(len(body) == length, "length of a stream")
        streams.append(np.frombuffer(body, np.uint8))
        if low is not None and len(streams) == 1:
            streams.append(np.frombuffer(reader.take(low), np.uint8))
    return streams


def read_values(reader: Reader, count: int, width: int, sparse: bool) -> np.ndarray:
    """Section 2.3: the transformed values of a block."""
    if not sparse:
        return join(read_streams(reader, [count] * width), width)
    nonzero, bits, high_bytes = reader.varint(), reader.take(1)[0], reader.varint()
    check(0 < nonzero <= count and bits <= 16 and high_bytes <= nonzero + count, "sparse block")
    high, low, *planes = read_streams(
        reader, [high_bytes] + [nonzero] * width, (nonzero * bits + 7) // 8
    )
    ends = np.flatnonzero(high < 255)
    check(len(ends) == nonzero and (ends[-1] + 1 == high_bytes), "gaps of a sparse block")
    sums = np.concatenate([[0], np.cumsum(high.astype(np.int64))])
    gaps = np.diff(sums[ends + 1], prepend=0) << bits
    flags = np.unpackbits(low, bitorder="little")[: nonzero * bits].reshape(nonzero, bits)
    gaps += flags.astype(np.int64) @ (1 << np.arange(bits, dtype=np.int64))
    positions = np.cumsum(gaps + 1) - 1
    check(positions[-1] < count, "position beyond the block")
    values = np.zeros(count, f"<u{width}")
    values[positions] = join(planes, width)
    return values


def read_groups(reader: Reader, base: bytes, width: int) -> np.ndarray:
    """Section 2.3, grouped: the transformed values in the order of the base."""
    old = np.frombuffer(base, f"<u{width}")
    classes = old >> old.dtype.type(width * 8 - 9) & old.dtype.type(255)
    lasts = list(reader.take(reader.take(1)[0]))
    check(0 < len(lasts) <= 64 and lasts == sorted(set(lasts)), "groups")
    check(lasts[-1] == 255, "last group")
    headers = [reader.varint() for _ in lasts]
    values, first = np.zeros(len(old), old.dtype), 0
    for last, header in zip(lasts, headers, strict=True):
        members = np.flatnonzero((classes >= first) & (classes <= last))
        body, coding, first = Reader(reader.take(header >> 2)), header & 3, last + 1
        check(coding < 3 and (coding == 0 or len(members) > 0), "coding of a group")
        if coding > 0:
            values[members] = read_values(body, len(members), width, coding == 2)
        check(not body.data, "payload of a group is left over")
    return values


def join(planes: list[np.ndarray], width: int) -> np.ndarray:
    return np.ascontiguousarray(np.stack(planes, axis=1)).view(f"<u{width}").ravel()


def restore(values: np.ndarray, method: int, is_float: bool, base: bytes) -> np.ndarray:
    """Section 2.4: undo the transform."""
    kind = values.dtype.type
    one, last = kind(1), kind(values.dtype.itemsize * 8 - 1)
    old = np.frombuffer(base, values.dtype) if base else kind(0)
    top = one << last
    if method in (SUBTRACT, GROUPED):
        difference = (values >> one) ^ (kind(0) - (values & one))
        if not is_float:
            return np.asarray(old + difference)
        order = np.where(old & top, ~old, old | top) + difference
        return np.asarray(np.where(order & top, order & ~top, ~order))
    plain = (values >> one) | (values << last) if is_float else values
    return np.asarray(plain ^ old)


def decode_segment(stored: bytes, base: bytes | None) -> tuple[int, bytes]:
    """Section 2: the offset in the original, and the bytes."""
    footer = stored[-64:]
    check(footer[56:] == b"MITHSEG1", "no segment")
    raw_offset, raw_length, payload_length, index_length, entries, _, version, flags = (
        struct.unpack_from("<QQQIIIHH", footer)
    )
    check(version == 1 and flags == 0, "newer segment")
    check(payload_length + index_length + 64 == len(stored), "length of the segment")
    index = Reader(stored[payload_length:-64])
    check(zlib.crc32(index.data + footer[:52]) == read_u32(footer[52:56]), "CRC32 of the index")
    payload, out, expected = Reader(stored[:payload_length]), bytearray(), raw_offset
    for _ in range(entries):
        tag = index.take(1)[0]
        method, width, values = tag & 7, 1 << (tag >> 3 & 3), index.varint()
        check(method <= GROUPED, "newer method")
        length = values * width
        if tag & 128:
            move = index.varint()
            expected += (move >> 1) ^ -(move & 1)
        count = index.varint() if method == IDENTICAL else 1
        size = {RAW: length, IDENTICAL: 0}.get(method)
        body = Reader(payload.take(index.varint() if size is None else size))
        for _ in range(count):
            crc32, old = read_u32(index.take(4)), b""
            if method not in (RAW, STANDALONE):
                check(base is not None, "the base is needed")
                old = (base or b"")[expected : expected + length]
                check(len(old) == length, "reference beyond the base")
            if method == RAW:
                raw = body.take(length)
            elif method == IDENTICAL:
                raw = old
            else:
                if method == GROUPED:
                    transformed = read_groups(body, old, width)
                else:
                    transformed = read_values(body, values, width, bool(tag & 64))
                raw = restore(transformed, method, bool(tag & 32), old).tobytes()
            check(zlib.crc32(raw) == crc32, "CRC32 of a block")
            out += raw
            expected += length
        check(not body.data, "payload is left over")
    check(len(out) == raw_length and not payload.data and not index.data, "length of the range")
    return raw_offset, bytes(out)


def read_u32(data: bytes) -> int:
    return int.from_bytes(data, "little")


def open_checkpoint(path: Path) -> tuple[bytes, list[bytes]] | None:
    """Sections 3 and 4: the manifest's bytes and the stored segments; None for a plain file."""
    if path.is_dir():
        (found,) = path.glob("manifest*.json")
        names = [segment[0] for segment in json.loads(found.read_bytes())["segments"]]
        return found.read_bytes(), [(path / f"segments/{name}.mseg").read_bytes() for name in names]
    data = path.read_bytes()
    trailer = data[-64:]
    if len(trailer) < 64 or trailer[56:] != b"MITHPAK1":
        return None
    end, length, version, flags = struct.unpack_from("<QIHH", trailer)
    check(version == 1 and flags == 0, "newer file")
    check(zlib.crc32(trailer[:52]) == read_u32(trailer[52:56]), "CRC32 of the trailer")
    check(end + length + 64 == len(data), "size of the file")
    manifest = data[end : end + length]
    check(hashlib.sha256(manifest).digest() == trailer[16:48], "SHA-256 of the manifest")
    rest = Reader(data[:end])
    return manifest, [rest.take(segment[1]) for segment in json.loads(manifest)["segments"]]


def decode(path: Path, bases: list[Path]) -> bytes:
    """The original of a checkpoint; a plain file is its own original."""
    opened = open_checkpoint(path)
    if opened is None:
        return path.read_bytes()
    manifest, segments = json.loads(opened[0]), opened[1]
    check(manifest["format"] == "mithril-checkpoint", "no manifest")
    check(manifest["version"] == 1 and manifest["codec"] == 1, "newer checkpoint")
    base, wanted = None, manifest["base"]
    if wanted is not None:
        others = [other for other in bases if other != path]
        base = next(
            (found for other in others if is_base(found := decode(other, others), wanted)), None
        )
        check(base is not None, "the base is not among the files given")
    out = bytearray()
    for stored, (sha256, size, crc32, *_) in zip(segments, manifest["segments"], strict=True):
        check(len(stored) == size, "length of a segment")
        check(hashlib.sha256(stored).hexdigest() == sha256, "SHA-256 of a segment")
        offset, raw = decode_segment(stored, base)
        check(offset == len(out), "order of the segments")
        check(zlib.crc32(raw) == int(crc32, 16), "CRC32 of a segment")
        out += raw
    check(len(out) == manifest["bytes"], "size of the original")
    check(zlib.crc32(out) == int(manifest["crc32"], 16), "CRC32 of the original")
    return bytes(out)


def is_base(original: bytes, wanted: dict[str, object]) -> bool:
    return len(original) == wanted["bytes"] and f"{zlib.crc32(original):08x}" == wanted["crc32"]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    source, target, *chain = map(Path, sys.argv[1:])
    target.write_bytes(decode(source, chain))
