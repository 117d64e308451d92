"""Triton's own file cache on ours, with the real server.

Only where Triton is installed (the environment of these tests leaves it out, as it does CUDA). A
kernel is compiled for a GPU that need not be there; running it is not tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cache_machines import CacheService, Machine

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("triton")

KERNEL = """
import triton, triton.language as tl
@triton.jit
def double(x, y, n: tl.constexpr):
    offsets = tl.arange(0, n)
    tl.store(y + offsets, tl.load(x + offsets) * 2)
"""
BODY = """
import hashlib, kernel, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
source = ASTSource(kernel.double, {"x": "*fp32", "y": "*fp32", "n": "constexpr"}, {"n": 64})
compiled = triton.compile(source, target=GPUTarget("cuda", 80, 32))
result = hashlib.sha256(compiled.asm["cubin"]).hexdigest()
"""


def test_another_machine_gets_the_machine_code(tmp_path: Path) -> None:
    service = CacheService(tmp_path / "service")
    try:
        writer = Machine(tmp_path / "writer", service.settings(writes=True))
        reader = Machine(tmp_path / "reader", service.settings(writes=False))
        for machine in (writer, reader):
            (machine.folder / "checkout" / "kernel.py").write_text(KERNEL)
        first, run = writer.run(BODY), reader.run(BODY)
    finally:
        service.stop()
    assert (first.report["hits"], first.report["misses"]) == (0, 1)
    assert (run.report["hits"], run.report["misses"]) == (1, 0)
    assert run.result == first.result
