"""Fine-tunes all-MiniLM-L6-v2 with AdamW, one thread, and keeps series of checkpoints.

``finetune_minilm.py MODEL_FOLDER OUT [--text FILE] [--last N]``, where MODEL_FOLDER holds
model.safetensors and tokenizer.json, makes, at t = ``WARM_UP`` steps:

- ``minilm-full``: every weight trained in fp32 at 2e-5, to t + 100;
- ``minilm-last``: only the last layer trained, the rest frozen, to t + 10.

The objective: the two halves of a text are to be closer to each other than to the other halves of
the batch (cross entropy over cosines, temperature 0.05).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from bert import Bert
from checkpoints import run
from text import documents
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

SEED = 20252
RATE = 2e-5
#: Fine-tuning programs commonly use none.
WEIGHT_DECAY = 0.0
WARM_UP = 20
BATCH = 8
TOKENS_MAX = 32
TEMPERATURE = 0.05
#: What the published model answers: cosines of the first sentence with the others.
KNOWN = (
    ("That is a happy person", None),
    ("That is a happy dog", 0.6946),
    ("That is a very happy person", 0.9429),
    ("Today is a sunny day", 0.2569),
)
KNOWN_TOLERANCE = 1e-3


class Reader:
    """Texts to ids, padded to the longest of a batch."""

    def __init__(self, folder: Path) -> None:
        """Read the tokenizer of the model in ``folder``."""
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS_MAX)
        self.tokenizer.enable_padding()

    def __call__(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return ids and mask."""
        found = self.tokenizer.encode_batch(texts)
        return (
            torch.tensor([one.ids for one in found]),
            torch.tensor([one.attention_mask for one in found]),
        )


def check_forward(model: Bert, reader: Reader) -> None:
    """Stop where this encoder does not compute what the published model does."""
    with torch.no_grad():
        vectors = model(*reader([text for text, _ in KNOWN]))
    cosines = (vectors[1:] @ vectors[0]).tolist()
    for (text, expected), found in zip(KNOWN[1:], cosines, strict=True):
        if expected is None or abs(found - expected) > KNOWN_TOLERANCE:
            raise SystemExit(f"the encoder is wrong: {text!r}: expected {expected}, found {found}")


def train(folder: Path, model: Bert, reader: Reader, texts: list[str], last: int) -> None:
    """Warm up, then save the series."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=WEIGHT_DECAY)
    random = torch.Generator().manual_seed(SEED)

    def step(_: int) -> float:
        picked = [texts[at] for at in torch.randint(len(texts), (BATCH,), generator=random)]
        words = [text.split() for text in picked]
        first = [" ".join(part[: len(part) // 2]) for part in words]
        second = [" ".join(part[len(part) // 2 :]) for part in words]
        scores = model(*reader(first)) @ model(*reader(second)).T / TEMPERATURE
        loss = functional.cross_entropy(scores, torch.arange(BATCH))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    for distance in range(WARM_UP):
        step(distance)
    run(folder, model, optimizer, step, last)


def main() -> None:
    """Make both series."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--text")
    parser.add_argument("--last", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reader, texts = Reader(arguments.model), documents(arguments.text)

    model = Bert(arguments.model / "model.safetensors")
    check_forward(model, reader)
    train(arguments.out / "minilm-full", model, reader, texts, min(100, arguments.last))

    model = Bert(arguments.model / "model.safetensors")
    for parameter in model.parameters():
        parameter.requires_grad = False
    for parameter in model.encoder["layer"][-1].parameters():
        parameter.requires_grad = True
    train(arguments.out / "minilm-last", model, reader, texts, 10)


if __name__ == "__main__":
    main()
