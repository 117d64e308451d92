"""Trains a small GPT from nothing with AdamW, one thread, and keeps series of checkpoints.

``train_gpt.py OUT [--text FILE] [--last N]`` makes, at t = ``WARM_UP`` steps:

- ``gpt-fp32-1e-3``: fp32, learning rate 1e-3, to t + N;
- ``gpt-fp32-3e-5``: the same weights and moments at t, going on at 3e-5, to t + 100;
- ``gpt-bf16-1e-3``: weights and moments in bf16 from the start, to t + 100.

Everything follows from ``SEED`` and the text; another version of torch may round differently.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import torch
from checkpoints import run
from gpt import CONTEXT, VOCABULARY, Gpt
from text import describe, documents
from torch.nn import functional

SEED = 20251
WARM_UP = 200
BATCH = 4
#: AdamW as torch has it by default, save the betas that language models use.
BETAS = (0.9, 0.95)
WEIGHT_DECAY = 0.01


class Training:
    """One model, its optimizer and its own order of batches."""

    def __init__(self, data: torch.Tensor, dtype: torch.dtype, rate: float) -> None:
        """Start from nothing, always the same."""
        torch.manual_seed(SEED)
        self.data = data
        self.model = Gpt().to(dtype)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=rate, betas=BETAS, weight_decay=WEIGHT_DECAY
        )
        self.random = torch.Generator().manual_seed(SEED)

    def step(self, _: int) -> float:
        """Do one step on ``BATCH`` random pieces of the text; return the loss in nats a byte."""
        starts = torch.randint(len(self.data) - CONTEXT - 1, (BATCH,), generator=self.random)
        pieces = torch.stack([self.data[at : at + CONTEXT + 1] for at in starts.tolist()])
        logits = self.model(pieces[:, :-1]).float()
        loss = functional.cross_entropy(logits.view(-1, VOCABULARY), pieces[:, 1:].reshape(-1))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def warm_up(self) -> Training:
        """Go to step t."""
        for step in range(WARM_UP):
            self.step(step)
        return self


def main() -> None:
    """Make the three series."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--text")
    parser.add_argument("--last", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    texts = documents(arguments.text)
    description = json.dumps(describe(arguments.text, texts))
    (arguments.out / "text.json").write_text(description)
    text = "\n".join(texts).encode()
    data = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()

    fast = Training(data, torch.float32, 1e-3).warm_up()
    slow = Training(data, torch.float32, 3e-5)
    slow.model.load_state_dict(fast.model.state_dict())
    slow.optimizer.load_state_dict(copy.deepcopy(fast.optimizer.state_dict()))
    slow.optimizer.param_groups[0]["lr"] = 3e-5
    slow.random.set_state(fast.random.get_state())
    run(
        arguments.out / "gpt-fp32-3e-5",
        slow.model,
        slow.optimizer,
        slow.step,
        min(100, arguments.last),
    )
    run(arguments.out / "gpt-fp32-1e-3", fast.model, fast.optimizer, fast.step, arguments.last)
    half = Training(data, torch.bfloat16, 1e-3).warm_up()
    run(
        arguments.out / "gpt-bf16-1e-3",
        half.model,
        half.optimizer,
        half.step,
        min(100, arguments.last),
    )


if __name__ == "__main__":
    main()
