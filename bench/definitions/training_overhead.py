"""What saving compressed checkpoints costs a training run, beside saving plain ones.

    npm run setup -- python-ml
    .setup/python-ml/bin/python bench/definitions/training_overhead.py --steps 200 --every 50

A small GPT is trained on random text (seeded) by AdamW. Every few steps its weights and optimizer
state are saved: not at all (``none``), by safetensors in the training thread (``plain``), or
compressed by ``mithril.torch.save_file`` in a background thread, each against the one before
(``compressed``); the copy that the background thread works on is part of the time, and so is the
wait for the last save. Every round runs all three in an order of its own; figures are ratios of
the times of one round, their median and a 95% interval of it by bootstrap. The CPU time is that of
all threads: the cost where no core is idle. Before a ratio is
printed, every compressed checkpoint is restored and compared with what was to be saved, bit by bit.
Prints JSON with the times of all rounds; ``--earlier FILE`` adds those of an earlier print.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

import mithril.torch

VOCABULARY, CONTEXT, WIDTH, LAYERS, HEADS, BATCH = 512, 32, 256, 4, 4, 2
RESAMPLES = 10_000
WARM_UP_STEPS = 4
Tensors = dict[str, torch.Tensor]


class Model(nn.Module):
    """A decoder-only transformer."""

    def __init__(self) -> None:
        """Make it, with the weights of the current seed."""
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Parameter(torch.zeros(CONTEXT, WIDTH))
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, VOCABULARY)
        self.mask = nn.Transformer.generate_square_subsequent_mask(CONTEXT)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        """Score the token that follows each place."""
        hidden = self.layers(self.tokens(text) + self.places, mask=self.mask, is_causal=True)
        scores: torch.Tensor = self.head(hidden)
        return scores


class Saver:
    """Saves in one of the ways that are compared."""

    def __init__(self, mode: str, folder: Path) -> None:
        """Save into an empty folder."""
        self.mode = mode
        self.folder = folder
        self.pool = ThreadPoolExecutor(1)
        self.tasks: list[Future[None]] = []
        self.saved: list[tuple[Path, Tensors]] = []

    def save(self, state: Tensors) -> None:
        """Save the state, which changes as soon as this returns."""
        path = self.folder / f"step-{len(self.saved)}.mith"
        if self.mode == "plain":
            safetensors.torch.save_file(state, path)
            self.saved.append((path, {}))
        if self.mode == "compressed":
            copy = {name: tensor.detach().clone() for name, tensor in state.items()}
            base = self.saved[-1][0] if self.saved else None
            self.saved.append((path, copy))
            self.tasks.append(
                self.pool.submit(mithril.torch.save_file, copy, path, base=base, threads=1)
            )

    def finish(self) -> None:
        """Wait until everything is saved."""
        for task in self.tasks:
            task.result()
        self.pool.shutdown()


def state_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Weights and both moments of AdamW, by name."""
    tensors = {f"model.{name}": value.detach() for name, value in model.named_parameters()}
    for name, value in model.named_parameters():
        for key in ("exp_avg", "exp_avg_sq"):
            tensors[f"{key}.{name}"] = optimizer.state[value][key]
    return tensors


def train(saver: Saver, steps: int, every: int) -> tuple[float, float]:
    """Train from the same start; returns wall and CPU seconds, saves included."""
    torch.manual_seed(1)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    text = torch.randint(0, VOCABULARY, (steps, BATCH, CONTEXT + 1))
    began, cpu = time.perf_counter(), time.process_time()
    for step in range(1, steps + 1):
        batch = text[step - 1]
        scores = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            saver.save(state_of(model, optimizer))
    saver.finish()
    return time.perf_counter() - began, time.process_time() - cpu


def check(saver: Saver) -> tuple[int, int]:
    """Restore and compare everything; returns bytes of the originals and of the files."""
    original = packed = 0
    for path, expected in saver.saved:
        packed += path.stat().st_size
        found = mithril.torch.load_file(path)
        original += sum(tensor.nbytes for tensor in found.values())
        if saver.mode == "compressed":
            same = found.keys() == expected.keys() and all(
                torch.equal(found[name].view(torch.int32), expected[name].view(torch.int32))
                for name in expected
            )
            if not same:
                raise SystemExit(f"{path.name} was not restored as it was saved")
    return original, packed


def interval(ratios: list[float]) -> dict[str, float]:
    """Median, and the middle 95% of the medians of resampled ratios."""
    chance = random.Random(1)
    medians = sorted(
        statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)
    )
    low, high = medians[RESAMPLES // 40], medians[-RESAMPLES // 40]
    return {
        "median": round(statistics.median(ratios), 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--every", type=int, default=50, help="steps between two saves")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--earlier", type=Path, help="print of a run with the same options")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    modes = ["none", "plain", "compressed"]
    times: dict[str, dict[str, list[float]]]
    times = {kind: {mode: [] for mode in modes} for kind in ("wall", "cpu")}
    if arguments.earlier is not None:
        times = json.loads(arguments.earlier.read_text())["seconds"]
    sizes = (0, 0)
    order = random.Random(1)
    for round_number in range(arguments.rounds + 1):
        for mode in order.sample(modes, len(modes)):
            with tempfile.TemporaryDirectory() as folder:
                saver = Saver(mode, Path(folder))
                steps = arguments.steps if round_number > 0 else WARM_UP_STEPS
                spent = train(saver, steps, arguments.every)
                found = check(saver)
            if mode == "compressed":
                sizes = found
            if round_number > 0:  # the first round warms up
                for kind, seconds in zip(times, spent, strict=True):
                    times[kind][mode].append(seconds)
    pairs = [("compressed", "plain"), ("compressed", "none"), ("plain", "none")]
    ratios = {
        kind: {
            f"{mode}/{other}": interval(
                [own / beside for own, beside in zip(runs[mode], runs[other], strict=True)]
            )
            for mode, other in pairs
        }
        for kind, runs in times.items()
    }
    figures = {
        "torch": torch.__version__,
        "rounds": len(times["wall"]["none"]),
        "steps": arguments.steps,
        "stepsBetweenSaves": arguments.every,
        "secondsBetweenSaves": round(
            statistics.median(times["wall"]["none"]) / arguments.steps * arguments.every, 2
        ),
        "savesInARun": arguments.steps // arguments.every,
        "torchThreads": arguments.threads,
        "compressionThreads": 1,
        "parameters": sum(value.numel() for value in Model().parameters()),
        "savedBytes": sizes[0],
        "compressedBytes": sizes[1],
        "seconds": times,
        "ratios": ratios,
        "answer": "every compressed checkpoint equals what was saved",
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
