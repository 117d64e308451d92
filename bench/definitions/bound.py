"""Order-0 entropy bounds of safetensors files: what no codec beats that codes bytes one by one.

``bound.py KIND FILE [BASE]`` prints a ratio. Without a base: each byte plane of the float values,
sign rotated to the end, has its own distribution over the whole file. With a base: whether a value
changed is one coin, and the zigzag of the difference of ordered integers is coded by planes, for
changed values only. A codec with local tables or contexts can go below either by a little.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.append(f"{sys.path[0]}/peers")
from worker import floats_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {"fp32": np.uint32, "bf16": np.uint16, "fp16": np.uint16}


def plane_bits(values: NDArray[Any]) -> float:
    """Return the bits of all byte planes, each at its own order-0 entropy."""
    planes = values.view(np.uint8).reshape(-1, values.dtype.itemsize)
    return sum(entropy_bits(np.bincount(plane, minlength=256)) for plane in planes.T)


def entropy_bits(counts: NDArray[Any]) -> float:
    """Return the bits of a sequence with these counts."""
    kept = counts[counts > 0].astype(float)
    return float(-(kept * np.log2(kept / kept.sum())).sum())


def main(kind: str, file: str, base: str | None = None) -> None:
    """Print the bound."""
    values = floats_of(file).view(TYPES[kind])
    top = values.dtype.itemsize * 8 - 1
    if base is None:
        bits = plane_bits((values << 1) | (values >> top))
    else:
        before = floats_of(base).view(values.dtype)
        changed = values != before
        bits = entropy_bits(np.bincount(changed, minlength=2))
        bits += plane_bits(zigzag(ordered(values[changed]) - ordered(before[changed])))
    print(values.nbytes * 8 / bits)


def ordered(bits: NDArray[Any]) -> NDArray[Any]:
    """Return integers that are ordered as the floats of these bits are."""
    signed = bits.view(bits.dtype.name.removeprefix("u"))
    return (bits ^ ((signed >> (bits.dtype.itemsize * 8 - 1)).view(bits.dtype) >> 1)).view(
        bits.dtype
    )


def zigzag(difference: NDArray[Any]) -> NDArray[Any]:
    """Return small numbers for small differences of either sign."""
    signed = difference.view(difference.dtype.name.removeprefix("u"))
    return ((signed << 1) ^ (signed >> (difference.dtype.itemsize * 8 - 1))).view(difference.dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
