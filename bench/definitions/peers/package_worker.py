"""The project's Python package, file to file, driven as ``worker.py`` drives the peers.

``package_worker.py FOLDER FILE [BASE]``: packs FILE into FOLDER, and restores it there. Reading,
digests of what is read and stored, and writing count; FOLDER is best in memory.
"""

from __future__ import annotations

import filecmp
import json
import sys
from importlib.metadata import version
from pathlib import Path

from worker import timed, trim

from mithril import checkpoint


def main(folder: str, file: str, base: str | None = None) -> None:
    """Answer until standard input ends."""
    packed, restored = Path(folder) / "package.mith", Path(folder) / "package.restored"
    size = Path(file).stat().st_size

    def answer(command: str) -> dict[str, object]:
        if command == "trim":
            return trim()
        if command == "compress":
            took, _ = timed(lambda: checkpoint.compress(file, packed, base=base, threads=1))
            return {**took, "stored": packed.stat().st_size}
        bases = [base] if base else []
        took, _ = timed(lambda: checkpoint.decompress(packed, restored, bases=bases, threads=1))
        return {**took, "equal": filecmp.cmp(file, restored, shallow=False)}

    print(
        json.dumps({"ready": "package", "version": version("mithril"), "bytes": size}), flush=True
    )
    for line in sys.stdin:
        print(json.dumps(answer(line.strip())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
