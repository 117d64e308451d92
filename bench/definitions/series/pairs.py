"""How small each pair of checkpoints gets, by method; every one restored and compared first.

``pairs.py FOLDER`` reads pairs as JSON from standard input, ``[{"name", "kind", "file", "base"}]``,
and prints the same with ``bytes`` and, by method, ``stored`` bytes. FOLDER is for packed files.
"""

from __future__ import annotations

import filecmp
import json
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "peers"))
from tools import make
from worker import floats_of

from mithril import checkpoint

PEERS = ("XOR, planes, zstd -3", "z4ai delta", "ZipNN delta")


def ours(folder: Path, file: str, base: str | None) -> int:
    """Return the size of the packed file."""
    packed, restored = folder / "pair.mith", folder / "pair.restored"
    checkpoint.compress(file, packed, base=base)
    checkpoint.decompress(packed, restored, bases=[base] if base else [])
    if not filecmp.cmp(file, restored, shallow=False):
        raise SystemExit(f"{file} did not come back")
    return packed.stat().st_size


def peers(file: str, base: str, kind: str) -> dict[str, int]:
    """Return the stored bytes of each peer."""
    raw, before = floats_of(file), floats_of(base)
    stored = {}
    for name in PEERS:
        tool = make(name, raw, before, kind)
        stored[name] = tool.compress()
        if not np.array_equal(tool.decompress(), raw):
            raise SystemExit(f"{name}: {file} did not come back")
    return stored


def main(folder: str) -> None:
    """Measure all pairs."""
    pairs = json.load(sys.stdin)
    for pair in pairs:
        file, base = pair["file"], pair["base"]
        pair["bytes"] = Path(file).stat().st_size
        pair["stored"] = {
            "Mithril alone": ours(Path(folder), file, None),
            "Mithril": ours(Path(folder), file, base),
            **peers(file, base, pair["kind"]),
        }
        print(f"{pair['name']}: {pair['bytes'] / pair['stored']['Mithril']:.2f}x", file=sys.stderr)
    json.dump(pairs, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
