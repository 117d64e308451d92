"""Rewrites paths compiled into a jar: relocate_jar.py JAR OLD=NEW...

A string constant of a class file is a tag, its length and its bytes, and nothing refers to it by
offset, so one of another length may take its place.
"""

import struct
import sys
import zipfile
from pathlib import Path

UTF8_TAG = b"\x01"


def constant(text: str) -> bytes:
    data = text.encode()
    return UTF8_TAG + struct.pack(">H", len(data)) + data


def main(jar: Path, moves: list[tuple[str, str]]) -> None:
    changed = {old: 0 for old, _ in moves}
    target = jar.with_suffix(".new")
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in source.infolist():
            data = source.read(entry)
            for old, new in moves if entry.filename.endswith(".class") else []:
                changed[old] += data.count(constant(old))
                data = data.replace(constant(old), constant(new))
            out.writestr(entry, data)
    if not all(changed.values()):
        sys.exit(f"{jar.name}: not every path was found: {changed}")
    target.replace(jar)


main(Path(sys.argv[1]), [(old, new) for old, _, new in (a.partition("=") for a in sys.argv[2:])])
