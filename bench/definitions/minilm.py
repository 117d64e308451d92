"""Inputs of the checkpoint benchmarks, made from the weights of all-MiniLM-L6-v2.

``minilm.py MODEL OUT`` writes to OUT, as safetensors: ``fp32``, ``bf16`` (round to nearest even)
and ``fp16`` casts, and of each a ``-step2`` in which weights changed by this law: every fp32
weight independently, with p = 0.01, is multiplied by (1 + 0.01 n), n standard normal (NumPy
PCG64, seed 20240), then cast like the first. Integer tensors stay.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    Tensors = dict[str, tuple[list[int], NDArray[Any]]]

SEED = 20240
DTYPES = {"F32": np.float32, "I64": np.int64}
#: How arrays that are no floats are named in a file.
NAMES = {"int64": "I64", "uint8": "U8"}


def read(path: str) -> Tensors:
    """Return shape and values of each tensor of a file."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {
        name: (
            info["shape"],
            np.frombuffer(body[slice(*info["data_offsets"])], DTYPES[info["dtype"]]),
        )
        for name, info in header.items()
    }


def to_bf16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the bits of each value rounded to bf16, ties to even."""
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + ((bits >> 16) & 1) + 0x7FFF) >> 16).astype(np.uint16)


def changed(tensors: Tensors, random: np.random.Generator) -> Tensors:
    """Return a copy in which 1% of the fp32 weights changed."""
    result = {}
    for name, (shape, values) in tensors.items():
        values = values.copy()
        if values.dtype == np.float32:
            mask = random.random(values.size) < 0.01
            noise = random.standard_normal(int(mask.sum()))
            values[mask] = (values[mask] * (1 + 0.01 * noise)).astype(np.float32)
        result[name] = (shape, values)
    return result


def write(
    path: Path,
    tensors: Tensors,
    dtype: str,
    cast: Callable[[NDArray[np.float32]], NDArray[Any]] = lambda values: values,
) -> None:
    """Write a safetensors file; fp32 tensors are ``cast`` and named ``dtype``."""
    header, parts, offset = {}, [], 0
    for name, (shape, values) in tensors.items():
        is_float = values.dtype == np.float32
        data = (cast(values) if is_float else values).tobytes()
        header[name] = {
            "dtype": dtype if is_float else NAMES[values.dtype.name],
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def main(model: str, out: str) -> None:
    """Write the six files."""
    first = read(model)
    second = changed(first, np.random.default_rng(SEED))
    for name, dtype, cast in (
        ("fp32", "F32", lambda values: values),
        ("bf16", "BF16", to_bf16),
        ("fp16", "F16", lambda values: values.astype(np.float16)),
    ):
        write(Path(out) / f"{name}.safetensors", first, dtype, cast)
        write(Path(out) / f"{name}-step2.safetensors", second, dtype, cast)


if __name__ == "__main__":
    main(*sys.argv[1:])
