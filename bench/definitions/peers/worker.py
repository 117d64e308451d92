"""One tool on one input in a process of its own, driven line by line through standard input.

``worker.py list standalone`` (or ``delta``) prints the tools' names.

``worker.py TOOL KIND FILE [BASE]``; FILE and BASE are safetensors files of one layout. It prints
``{"ready": ..., "bytes": ...}``, then answers each line with one line of JSON:

- ``compress``: seconds of wall clock and of CPU, stored bytes;
- ``decompress``: seconds, and whether every byte came back;
- ``trim``: gives freed memory back to the system, for whoever reads this process's peak.

Whoever starts it says on which core, and sets the variables that keep libraries to one thread.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tools import DELTA, STANDALONE, Tool, make, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FLOATS = {"F32", "BF16", "F16"}


def floats_of(path: str) -> NDArray[np.uint8]:
    """Return the bytes of all float tensors of a safetensors file, one after another."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = np.frombuffer(data, np.uint8, offset=8 + length)
    parts = [body[slice(*one["data_offsets"])] for one in header.values() if one["dtype"] in FLOATS]
    return np.concatenate(parts)


def timed(work: Callable[[], object]) -> tuple[dict[str, float], object]:
    """Return the seconds that ``work`` took, and its result."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}, result


def trim() -> dict[str, object]:
    """Give freed memory back to the system."""
    return {"trimmed": ctypes.CDLL(None).malloc_trim(0)}


def answer(command: str, tool: Tool, raw: NDArray[np.uint8]) -> dict[str, object]:
    """Do what one line asks for."""
    if command == "trim":
        return trim()
    if command == "compress":
        tool.prepare()
        took, stored = timed(tool.compress)
        return {**took, "stored": stored}
    took, restored = timed(tool.decompress)
    return {**took, "equal": bool(np.array_equal(restored, raw))}


def list_tools(is_delta: str) -> None:
    """Print the names of the tools, as JSON."""
    print(json.dumps(list(DELTA if is_delta == "delta" else STANDALONE)))


def main(name: str, kind: str, file: str, base: str | None = None) -> None:
    """Answer until standard input ends."""
    raw = floats_of(file)
    tool = make(name, raw, floats_of(base) if base else None, kind)
    print(json.dumps({"ready": name, "version": version_of(name), "bytes": len(raw)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line.strip(), tool, raw)), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "list":
        list_tools(sys.argv[2])
    else:
        main(*sys.argv[1:])
