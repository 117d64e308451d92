"""Inputs of the checkpoint benchmarks, made from the weights of all-MiniLM-L6-v2.

``minilm.py MODEL OUT`` writes to OUT, as safetensors: ``fp32``, ``bf16`` (round to nearest even)
and ``fp16`` casts, and of each a ``-step2`` in which weights changed by this law: every fp32
weight independently, with p = 0.01, is multiplied by (1 + 0.01 n), n standard normal (NumPy
PCG64, seed 20240), then cast like the first. Integer tensors stay.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

SEED = 20240
DTYPES = {"F32": np.float32, "I64": np.int64}


def read(path):
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


def to_bf16(values):
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + ((bits >> 16) & 1) + 0x7FFF) >> 16).astype(np.uint16)


def changed(tensors):
    random = np.random.default_rng(SEED)
    result = {}
    for name, (shape, values) in tensors.items():
        values = values.copy()
        if values.dtype == np.float32:
            mask = random.random(values.size) < 0.01
            noise = random.standard_normal(int(mask.sum()))
            values[mask] = (values[mask] * (1 + 0.01 * noise)).astype(np.float32)
        result[name] = (shape, values)
    return result


def write(path, tensors, dtype, cast):
    header, parts, offset = {}, [], 0
    for name, (shape, values) in tensors.items():
        is_float = values.dtype == np.float32
        data = (cast(values) if is_float else values).tobytes()
        header[name] = {
            "dtype": dtype if is_float else "I64",
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def main(model, out):
    first = read(model)
    second = changed(first)
    for name, dtype, cast in (
        ("fp32", "F32", lambda values: values),
        ("bf16", "BF16", to_bf16),
        ("fp16", "F16", lambda values: values.astype(np.float16)),
    ):
        write(Path(out) / f"{name}.safetensors", first, dtype, cast)
        write(Path(out) / f"{name}-step2.safetensors", second, dtype, cast)


if __name__ == "__main__":
    main(*sys.argv[1:])
