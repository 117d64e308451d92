"""A copy of a safetensors file in which 1% of the float weights changed.

``changed_copy.py FILE OUT``: the law of minilm.py, on the values as they are stored: fp32, bf16 or
fp16 (p = 0.01, times 1 + 0.01 n, rounded to nearest even; NumPy PCG64, seed 20240). A small change
often rounds away in 16 bits, as it does in training. One tensor at a time is in memory.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from minilm import SEED, to_bf16

if TYPE_CHECKING:
    from numpy.typing import NDArray

STORED = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


def main(file: str, out: str) -> None:
    """Write the copy."""
    random = np.random.default_rng(SEED)
    with Path(file).open("rb") as source, Path(out).open("wb") as target:
        length = source.read(8)
        text = source.read(int.from_bytes(length, "little"))
        target.write(length + text)
        header = json.loads(text)
        header.pop("__metadata__", None)
        for one in sorted(header.values(), key=lambda one: one["data_offsets"]):
            begin, end = one["data_offsets"]
            data = source.read(end - begin)
            if one["dtype"] in STORED:
                stored = np.frombuffer(data, STORED[one["dtype"]]).copy()
                change(stored, random)
                data = stored.tobytes()
            target.write(data)


def change(stored: NDArray[Any], random: np.random.Generator) -> None:
    """Change 1% of the values in place."""
    mask = random.random(stored.size) < 0.01
    is_bf16 = stored.dtype == np.uint16
    picked = stored[mask]
    values = (picked.astype(np.uint32) << 16).view(np.float32) if is_bf16 else picked
    values = values.astype(np.float32) * (1 + 0.01 * random.standard_normal(picked.size))
    values = values.astype(np.float32)
    stored[mask] = to_bf16(values) if is_bf16 else values.astype(stored.dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
