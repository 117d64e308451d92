"""Compiles a small model and checks its answer; the cache is used if MITHRIL_CACHE_URL is set."""

from __future__ import annotations

import mithril.cache  # noqa: F401

# isort: split
import torch


def main() -> None:
    """One forward pass, compiled and not."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.GELU(), torch.nn.Linear(128, 8))
    inputs = torch.randn(16, 64)
    with torch.no_grad():
        expected = model(inputs)
        answer = torch.compile(model)(inputs)
    torch.testing.assert_close(answer, expected)
    print("the compiled model gives the model's answer")


if __name__ == "__main__":
    main()
