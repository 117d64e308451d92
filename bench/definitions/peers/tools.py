"""The peers, each called the way that gave its best figures here, on one thread.

A tool is made from the bytes of all float tensors of a file, its kind (``fp32``, ``bf16``,
``fp16``) and, for a delta, the bytes of the base. ``compress()`` returns the stored length,
``decompress()`` the restored bytes. What a tool allocates and copies counts as its own time.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]


class Codec(NamedTuple):
    """How a tool compresses the input it was made for, and restores it."""

    encode: Callable[[], Any]
    decode: Callable[[Any], Any]
    #: What must be done anew before each compression and is not part of it.
    prepare: Callable[[], object] = lambda: None


WIDTH = {"fp32": 4, "bf16": 2, "fp16": 2}
GZIP_WINDOW = 31


class Tool:
    """One codec on one input; keeps what it compressed last."""

    def __init__(self, codec: Codec) -> None:
        """Take the codec; nothing is compressed yet."""
        self.encode, self.decode, self.prepare = codec
        self.stored: Any = b""

    def compress(self) -> int:
        """Compress the input and return the stored length in bytes."""
        self.stored = self.encode()
        return len(self.stored)

    def decompress(self) -> Bytes:
        """Restore what was compressed last."""
        return np.frombuffer(self.decode(self.stored), np.uint8)


def copy(raw: Bytes, _: str) -> Codec:
    """Plain copies into memory that is there already."""
    there, back = np.empty_like(raw), np.empty_like(raw)

    def put(target: Bytes, source: Bytes) -> Bytes:
        np.copyto(target, source)
        return target

    return Codec(lambda: put(there, raw), lambda stored: put(back, stored))


def gzip(raw: Bytes, _: str) -> Codec:
    """Level 9, by Python's zlib."""
    zlib = importlib.import_module("zlib")
    return Codec(
        lambda: zlib.compress(raw, 9, GZIP_WINDOW),
        lambda stored: zlib.decompress(stored, GZIP_WINDOW, len(raw)),
    )


def zstd(raw: Bytes, _: str) -> Codec:
    """Level 3."""
    zstandard = importlib.import_module("zstandard")
    compressor, decompressor = zstandard.ZstdCompressor(level=3), zstandard.ZstdDecompressor()
    return Codec(lambda: compressor.compress(raw), decompressor.decompress)


def lz4(raw: Bytes, _: str) -> Codec:
    """The block format, default speed."""
    block = importlib.import_module("lz4.block")
    return Codec(
        lambda: block.compress(raw, store_size=False),
        lambda stored: block.decompress(stored, uncompressed_size=len(raw)),
    )


def blosc2(filter_name: str) -> Callable[[Bytes, str], Codec]:
    """Return zstd level 1 behind ``SHUFFLE`` or ``BITSHUFFLE``."""

    def make(raw: Bytes, kind: str) -> Codec:
        module = importlib.import_module("blosc2")
        settings = module.CParams(
            codec=module.Codec.ZSTD,
            clevel=1,
            typesize=WIDTH[kind],
            filters=[module.Filter[filter_name]],
            filters_meta=[0],
            nthreads=1,
        )
        back = np.empty_like(raw)
        one_thread = module.DParams(nthreads=1)

        def decompress(stored: bytes) -> Bytes:
            module.decompress2(stored, dst=back, dparams=one_thread)
            return back

        return Codec(lambda: module.compress2(raw, cparams=settings), decompress)

    return make


def pcodec(raw: Bytes, kind: str) -> Codec:
    """Level 8; bf16 as 16-bit integers, for it has no such type."""
    module = importlib.import_module("pcodec")
    standalone = importlib.import_module("pcodec.standalone")
    dtype = {"fp32": np.float32, "bf16": np.uint16, "fp16": np.float16}[kind]
    settings, numbers = module.ChunkConfig(compression_level=8), raw.view(dtype)
    back = np.empty_like(numbers)

    def decompress(stored: bytes) -> Bytes:
        standalone.simple_decompress_into(stored, back)
        return back.view(np.uint8)

    return Codec(lambda: standalone.simple_compress(numbers, settings), decompress)


def openzl(raw: Bytes, kind: str) -> Codec:
    """Planes or, for bf16, sign and fraction stored and exponents coded, by Huffman; no checksums.

    Its automatic graph is a hundredth as fast and smaller in no case; for fp32 its
    ``Float32Deconstruct`` gains 0.3% at half the speed.
    """
    ext = importlib.import_module("openzl.ext")
    nodes, graphs = ext.nodes, ext.graphs
    compressor = ext.Compressor()
    huffman = graphs.Huffman()(compressor)
    if kind == "bf16":
        store = graphs.Store()(compressor)
        start = nodes.BFloat16Deconstruct()(compressor, sign_frac=store, exponent=huffman)
    else:
        planes = nodes.TransposeSplit()(compressor, huffman)
        start = nodes.ConvertNumToStructLE()(compressor, planes)
    compressor.select_starting_graph(start)
    context = ext.CCtx()
    context.ref_compressor(compressor)
    context.set_parameter(ext.CParam.StickyParameters, 1)
    context.set_parameter(ext.CParam.FormatVersion, ext.MAX_FORMAT_VERSION)
    for check in (ext.CParam.CompressedChecksum, ext.CParam.ContentChecksum):
        context.set_parameter(check, 2)  # off
    numbers = raw.view({4: np.uint32, 2: np.uint16}[WIDTH[kind]])

    def decompress(stored: bytes) -> bytes:
        return ext.DCtx().decompress(stored)[0].content.as_bytes()

    return Codec(lambda: context.compress([ext.Input(ext.Type.Numeric, numbers)]), decompress)


ZIPNN_TYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


def _zipnn(kind: str, **options: object) -> Any:  # noqa: ANN401  # zipnn has no types
    dtype = ZIPNN_TYPES[kind]
    return importlib.import_module("zipnn").ZipNN(
        input_format="byte", bytearray_dtype=dtype, threads=1, **options
    )


def zipnn(raw: Bytes, kind: str) -> Codec:
    """Byte mode. It reorders its input in place, so each round is given a fresh one."""
    tool, given = _zipnn(kind), bytearray(len(raw))
    view = np.frombuffer(given, np.uint8)
    return Codec(
        lambda: tool.compress(given), tool.decompress, prepare=lambda: np.copyto(view, raw)
    )


def zipnn_delta(raw: Bytes, base: Bytes, kind: str) -> Codec:
    """Its own delta mode (XOR)."""
    tool = _zipnn(kind, delta_compressed_type="byte")
    given, reference = raw.tobytes(), base.tobytes()
    return Codec(
        lambda: tool.compress(given, delta_second_data=reference),
        lambda stored: tool.decompress(stored, delta_second_data=reference),
    )


def z4ai(raw: Bytes, kind: str) -> Codec:
    """Default level, one thread."""
    module = importlib.import_module("z4ai")
    back = bytearray(len(raw))
    return Codec(
        lambda: module.compress(raw.data, dtype=kind, threads=1),
        lambda stored: module.decompress(stored, out=back),
    )


def z4ai_delta(raw: Bytes, base: Bytes, kind: str) -> Codec:
    """Its own delta mode (XOR)."""
    module = importlib.import_module("z4ai")
    back = bytearray(len(raw))
    return Codec(
        lambda: module.compress_delta(raw.data, base.data, dtype=kind, threads=1),
        lambda stored: module.decompress_delta(stored, base.data, out=back),
    )


def xor(make: Callable[[Bytes, str], Codec]) -> Callable[[Bytes, Bytes, str], Codec]:
    """Return a delta by a tool that has none: of the XOR with the base, whose time counts."""

    def made(raw: Bytes, base: Bytes, kind: str) -> Codec:
        difference, back = np.empty_like(raw), np.empty_like(raw)
        encode, decode, _ = make(difference, kind)

        def compress() -> object:
            np.bitwise_xor(raw, base, out=difference)
            return encode()

        def decompress(stored: object) -> Bytes:
            return np.bitwise_xor(np.frombuffer(decode(stored), np.uint8), base, out=back)

        return Codec(compress, decompress)

    return made


def planes_zstd(raw: Bytes, kind: str) -> Codec:
    """Byte planes, then zstd level 3 each: with :func:`xor`, the recipe of ZipLLM's BitX."""
    zstandard = importlib.import_module("zstandard")
    compressor, decompressor = zstandard.ZstdCompressor(level=3), zstandard.ZstdDecompressor()
    width = WIDTH[kind]
    planes = np.empty((width, len(raw) // width), np.uint8)
    back = np.empty((len(raw) // width, width), np.uint8)

    def compress() -> Planes:
        np.copyto(planes, raw.reshape(-1, width).T)
        return Planes(compressor.compress(plane) for plane in planes)

    def decompress(stored: Planes) -> Bytes:
        for index, plane in enumerate(stored):
            back[:, index] = np.frombuffer(decompressor.decompress(plane), np.uint8)
        return back.reshape(-1)

    return Codec(compress, decompress)


class Planes(tuple[bytes, ...]):
    """Frames whose length is that of all their bytes."""

    __slots__ = ()

    def __len__(self) -> int:
        """Return the bytes of all frames."""
        return sum(len(plane) for plane in self)


STANDALONE: dict[str, tuple[str | None, Callable[[Bytes, str], Codec]]] = {
    "copy": (None, copy),
    "gzip -9": (None, gzip),
    "zstd -3": ("zstandard", zstd),
    "lz4": ("lz4", lz4),
    "blosc2 shuffle+zstd1": ("blosc2", blosc2("SHUFFLE")),
    "blosc2 bitshuffle+zstd1": ("blosc2", blosc2("BITSHUFFLE")),
    "pcodec 8": ("pcodec", pcodec),
    "OpenZL": ("openzl", openzl),
    "z4ai": ("z4ai", z4ai),
    "ZipNN": ("zipnn", zipnn),
}
DELTA: dict[str, tuple[str | None, Callable[[Bytes, Bytes, str], Codec]]] = {
    "XOR, zstd -3": ("zstandard", xor(zstd)),
    "XOR, lz4": ("lz4", xor(lz4)),
    "XOR, planes, zstd -3": ("zstandard", xor(planes_zstd)),
    "XOR, blosc2 shuffle+zstd1": ("blosc2", xor(blosc2("SHUFFLE"))),
    "XOR, blosc2 bitshuffle+zstd1": ("blosc2", xor(blosc2("BITSHUFFLE"))),
    "z4ai delta": ("z4ai", z4ai_delta),
    "ZipNN delta": ("zipnn", zipnn_delta),
}


def make(name: str, raw: Bytes, base: Bytes | None, kind: str) -> Tool:
    """Return the tool of this name, ready to work."""
    if base is None:
        return Tool(STANDALONE[name][1](raw, kind))
    return Tool(DELTA[name][1](raw, base, kind))


def version_of(name: str) -> str:
    """Return the version of the package that a tool comes from, or of Python itself."""
    package = (STANDALONE | DELTA)[name][0]
    return version(package) if package else ""
