"""Trains a small network and keeps its checkpoints as deltas: python train_torch.py RUN."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from mithril.torch import load_file, save_file  # was: from safetensors.torch

STEPS, EVERY = 60, 20


def main(run: Path) -> None:
    """Trains, saves every EVERY steps, and loads the last checkpoint into a new model."""
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = make_model()
    optimizer = torch.optim.AdamW((it for it in model.parameters() if it.requires_grad), lr=1e-3)
    base: Path | None = None
    for step in range(1, STEPS + 1):
        inputs = torch.randn(64, 256)
        loss = (model(inputs) - inputs.sum(1, keepdim=True).sin()).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % EVERY == 0:
            path = run / f"step-{step}.mith"
            save_file(model.state_dict(), path, base=base)
            size = sum(it.nbytes for it in model.state_dict().values())
            stored = path.stat().st_size
            print(f"{path.name}: {size:,} → {stored:,} bytes ({size / stored:.2f}x)")
            base = path
    resumed = make_model()
    resumed.load_state_dict(load_file(run / f"step-{STEPS}.mith"))
    for name, tensor in model.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name
    print(f"step {STEPS} loaded: every tensor is equal")


def make_model() -> torch.nn.Sequential:
    """The first layer is frozen, as in fine-tuning."""
    model = torch.nn.Sequential(
        torch.nn.Linear(256, 512),
        torch.nn.ReLU(),
        torch.nn.Linear(512, 256),
        torch.nn.Linear(256, 1),
    )
    model[0].requires_grad_(requires_grad=False)
    return model


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "run"))
