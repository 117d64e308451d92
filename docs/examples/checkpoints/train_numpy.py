"""Trains a small network and keeps its checkpoints as deltas: python train_numpy.py RUN."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mithril.numpy import load_file, save_file

STEPS, EVERY = 150, 50
RATE, DECAY_1, DECAY_2 = 1e-3, 0.9, 0.999


def main(run: Path) -> None:
    """Trains, saves every EVERY steps, and loads the last checkpoint."""
    run.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    frozen = random.normal(scale=0.1, size=(256, 512)).astype(np.float32)
    weights = {
        "hidden": random.normal(scale=0.1, size=(512, 256)).astype(np.float32),
        "head": random.normal(scale=0.1, size=(256, 1)).astype(np.float32),
    }
    moments = {f"{name}.{kind}": np.zeros_like(it) for name, it in weights.items() for kind in "mv"}
    base: Path | None = None
    for step in range(1, STEPS + 1):
        inputs = random.normal(size=(64, 256)).astype(np.float32)
        target = np.sin(inputs.sum(axis=1, keepdims=True))
        gradients = backward(inputs @ frozen, target, weights)
        for name, gradient in gradients.items():
            adam(weights[name], gradient, moments[f"{name}.m"], moments[f"{name}.v"], step)
        if step % EVERY == 0:
            state = {"frozen": frozen, **weights, **moments}
            base = save(run / f"step-{step}.mith", state, base)
    loaded = load_file(run / f"step-{STEPS}.mith")
    for name, tensor in {"frozen": frozen, **weights, **moments}.items():
        assert loaded[name].tobytes() == tensor.tobytes(), name
    print(f"step {STEPS} loaded: every tensor is equal, bit for bit")


def save(path: Path, state: dict[str, np.ndarray], base: Path | None) -> Path:
    """Saves what differs from the checkpoint before."""
    save_file(state, path, base=base)
    size = sum(tensor.nbytes for tensor in state.values())
    stored = path.stat().st_size
    print(f"{path.name}: {size:,} → {stored:,} bytes ({size / stored:.2f}x)")
    return path


def backward(
    features: np.ndarray, target: np.ndarray, weights: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Gradients of the mean squared error of two layers with a ReLU between them."""
    hidden = np.maximum(features @ weights["hidden"], 0)
    error = (hidden @ weights["head"] - target) / len(target)
    inner = (error @ weights["head"].T) * (hidden > 0)
    return {"head": hidden.T @ error, "hidden": features.T @ inner}


def adam(weight: np.ndarray, gradient: np.ndarray, m: np.ndarray, v: np.ndarray, step: int) -> None:
    """One step of Adam, in place."""
    m += (1 - DECAY_1) * (gradient - m)
    v += (1 - DECAY_2) * (gradient**2 - v)
    weight -= RATE * (m / (1 - DECAY_1**step)) / (np.sqrt(v / (1 - DECAY_2**step)) + 1e-8)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "run"))
