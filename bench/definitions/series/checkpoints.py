"""Checkpoints of one training run: at a step t after the warm-up, and at distances from it.

``FOLDER/weights-0010.safetensors`` are the weights at t + 10, ``m-`` and ``v-`` AdamW's first and
second moments, ``cast-`` the bf16 rounding of fp32 weights, as mixed-precision runs publish it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: In steps of the optimizer.
DISTANCES = (0, 1, 10, 100, 1000)


def run(
    folder: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    step: Callable[[int], float],
    last: int,
) -> None:
    """Train from t to t + ``last``, save at each distance, and note the losses."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder, 0, model, optimizer)
    losses = {}
    for distance in range(1, last + 1):
        loss = step(distance)
        if distance in DISTANCES:
            losses[distance] = round(loss, 4)
            save(folder, distance, model, optimizer)
            print(f"{folder.name}: t + {distance}, loss {loss:.4f}", flush=True)
    (folder / "losses.json").write_text(json.dumps(losses))


def save(
    folder: Path, distance: int, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write the parts of one checkpoint."""
    weights = {name: value.detach().clone() for name, value in model.named_parameters()}
    parts = {"weights": weights, "m": {}, "v": {}}
    for name, parameter in model.named_parameters():
        state = optimizer.state.get(parameter, {})
        if state:
            parts["m"][name] = state["exp_avg"].clone()
            parts["v"][name] = state["exp_avg_sq"].clone()
    if any(value.dtype == torch.float32 for value in weights.values()):
        parts["cast"] = {name: value.to(torch.bfloat16) for name, value in weights.items()}
    for part, tensors in parts.items():
        if tensors:
            save_file(tensors, folder / f"{part}-{distance:04}.safetensors")
