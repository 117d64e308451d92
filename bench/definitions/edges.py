"""Inputs at the edges, as safetensors files in OUT: ``edges.py MINILM_FP32 OUT``.

- ``tiny``: 1,000 fp32 tensors of 4 to 1,020 bytes, normal with standard deviation 0.02;
- ``one-tensor``: one fp32 tensor of 100 MB, the same law;
- ``zeros``: one fp32 tensor of 100 MB, all zero;
- ``random``: 100 MB of random bits as one U8 tensor;
- ``identical``: the model's word embeddings (46.9 MB) under eight names;
- ``chain-0`` to ``chain-10``: the model's weights, 1% changed from each step to the next by the law
  of minilm.py.

NumPy's PCG64, seed ``SEED``.
"""

import sys
from pathlib import Path

import numpy as np
from minilm import changed, read, write

SEED = 20253
BIG_BYTES = 100_000_000
TINY_TENSORS = 1000
TINY_VALUES_MAX = 255
COPIES = 8
STEPS = 10


def main(model: str, out: str) -> None:
    """Write all of them."""
    random = np.random.default_rng(SEED)
    folder = Path(out)
    sizes = random.integers(1, TINY_VALUES_MAX + 1, TINY_TENSORS)
    tiny = {f"layer.{at}": normal(random, int(size)) for at, size in enumerate(sizes)}
    write(folder / "tiny.safetensors", tiny, "F32")
    write(folder / "one-tensor.safetensors", {"weight": normal(random, BIG_BYTES // 4)}, "F32")
    zeros = np.zeros(BIG_BYTES // 4, np.float32)
    write(folder / "zeros.safetensors", {"weight": ([zeros.size], zeros)}, "F32")
    noise = np.frombuffer(random.bytes(BIG_BYTES), np.uint8)
    write(folder / "random.safetensors", {"bits": ([noise.size], noise)}, "F32")
    tensors = read(model)
    tied = tensors["embeddings.word_embeddings.weight"]
    same = {f"copy.{at}": tied for at in range(COPIES)}
    write(folder / "identical.safetensors", same, "F32")
    for step in range(STEPS + 1):
        write(folder / f"chain-{step}.safetensors", tensors, "F32")
        tensors = changed(tensors, random)


def normal(random: np.random.Generator, size: int) -> tuple[list[int], np.ndarray]:
    """Return the shape and the values of a tensor."""
    return [size], (random.standard_normal(size) * 0.02).astype(np.float32)


if __name__ == "__main__":
    main(*sys.argv[1:])
