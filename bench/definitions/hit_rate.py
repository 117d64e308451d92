"""How much of what one machine compiled another one finds: 12 models and shapes.

    .setup/python-ml/bin/python bench/definitions/hit_rate.py

The first process compiles all and stores it by `mithril cache serve` on loopback. The second stands
for another machine: other home, checkout, compiler path, user and number of threads, an empty local
folder, and another label, so that every unit is asked for by its key. Results are compared with the
models' own, uncompiled, in both. A third, with another instruction set (avx2), compiles two of the
models and must load nothing. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cold_start

TOLERANCE = 1e-3
MODELS = 12


def models(torch: Any) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Name -> what is compiled, and what it is called with."""
    nn, functional = torch.nn, torch.nn.functional
    mlp = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 10))
    conv = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    norm = nn.Sequential(nn.LayerNorm(48), nn.SiLU(), nn.Softmax(dim=-1))
    embedding = nn.Sequential(nn.Embedding(100, 32), nn.Linear(32, 32), nn.Tanh())

    def attention(x: Any) -> Any:
        return functional.scaled_dot_product_attention(x, x, x, is_causal=True).sin()

    def loss(x: Any, y: Any) -> Any:
        return functional.cross_entropy(x.exp().log1p(), y)

    def gather(x: Any, index: Any) -> Any:
        return (x[index] * 2).cumsum(0).sigmoid()

    random = torch.randn
    return {
        "mlp 4x64": (mlp, (random(4, 64),)),
        "mlp 32x64": (mlp, (random(32, 64),)),
        "conv 2x3x16x16": (conv, (random(2, 3, 16, 16),)),
        "conv 1x3x32x32": (conv, (random(1, 3, 32, 32),)),
        "norm 8x48": (norm, (random(8, 48),)),
        "norm 5x7x48": (norm, (random(5, 7, 48),)),
        "embedding 4x12": (embedding, (torch.arange(48).reshape(4, 12),)),
        "attention 1x2x16x8": (attention, (random(1, 2, 16, 8),)),
        "attention 2x4x32x16": (attention, (random(2, 4, 32, 16),)),
        "loss 16x10": (loss, (random(16, 10), torch.arange(16) % 10)),
        "gather 64": (gather, (random(64), torch.arange(0, 64, 3))),
        "reduction 100x200": (lambda x: x.var(1) + x.amax(1), (random(100, 200),)),
    }


def compile_all(count: int) -> None:
    """In this process: compile the models, compare, print what the cache did."""
    import mithril.cache

    mithril.cache.enable()
    import torch

    torch.manual_seed(0)
    differences = {}
    with torch.no_grad():
        for name, (function, inputs) in list(models(torch).items())[:count]:
            if isinstance(function, torch.nn.Module):
                function.eval()
            torch._dynamo.reset()
            found = torch.compile(function, dynamic=False)(*inputs)
            differences[name] = float((found - function(*inputs)).abs().max())
    print(json.dumps({"differences": differences, "report": mithril.cache.report()}))


def machine(
    place: Path, name: str, settings: dict[str, str], count: int = MODELS
) -> dict[str, Any]:
    """A process with a home, a checkout and a compiler path of its own."""
    home = place / name
    (home / "checkout").mkdir(parents=True)
    compiler = home / "bin" / "g++"
    compiler.parent.mkdir()
    log = home / "compilers"
    compiler.write_text(f'#!/bin/sh\necho start >> {log}\nexec /usr/bin/g++ "$@"\n')
    compiler.chmod(0o755)
    kept = ("PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "LANG")
    environment = {one: os.environ[one] for one in kept if one in os.environ}
    environment |= {"HOME": str(home), "USER": name, "CXX": str(compiler)} | settings
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--once", str(count)],
        cwd=home / "checkout",
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    wrong = {one: value for one, value in said["differences"].items() if value > TOLERANCE}
    if wrong:
        raise RuntimeError(f"{name}: results differ: {wrong}")
    starts = log.read_text().count("\n") if log.exists() else 0
    return said["report"] | {"compilers": starts}


def measure() -> dict[str, Any]:
    """Two machines, one after the other."""
    with tempfile.TemporaryDirectory() as folder, cold_start.cache_server(Path(folder)) as server:
        place = Path(folder)
        settings = server | {"MITHRIL_CACHE_LOOKUP_SECONDS": "10"}
        first = machine(place, "first", settings | {"OMP_NUM_THREADS": "2"})
        public = {"OMP_NUM_THREADS": "1", "MITHRIL_CACHE_LABEL": "another"}
        second = machine(place, "second", settings | public)
        avx2 = settings | {"ATEN_CPU_CAPABILITY": "avx2", "MITHRIL_CACHE_LABEL": "avx2"}
        third = machine(place, "third", avx2, 2)
    asked = second["hits"] + second["misses"] + second["inert"]
    names = ("hits", "misses", "inert", "requests", "compilers", "secondsSaved", "secondsCompiled")
    return {
        "models": MODELS,
        "wrongLoads": third["hits"] + third["inert"],
        "hitRate": round(second["hits"] / asked, 4),
        "first": {name: first[name] for name in names},
        "second": {name: second[name] for name in names},
        "third": {name: third[name] for name in names},
    }


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    if (count := parser.parse_args().once) is not None:
        compile_all(count)
    else:
        print(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
