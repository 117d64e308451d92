"""Units: what one compile leaves behind, as files of the local layer, and how they are exchanged.

A unit has a key, the files that it needs and what is known about it (seconds of the compile,
factors of the key). Its record lies beside the files, so that a later process can hand the unit on.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mithril.cache import _files
from mithril.cache._container import Container, Item
from mithril.cache._remote import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What a container may bring into the folder: the files of torch's own layout, facts, records.
ALLOWED = re.compile(
    r"(fxgraph/\w{2}|aotautograd)/\w+/\w+|\w{2}/\w+\.main\.so|facts/[0-9a-f]{32}|"
    r"units/[0-9a-f]{64}|blobs/[\w.-]+|triton(/\d+)?/\w+/[\w.-]+|stock/mega"
)
BUNDLE_BYTES_MAX = 256 << 20
BUNDLE_UNITS_MAX = 512


@dataclass(frozen=True, slots=True)
class Unit:
    """What one compile leaves behind. `files`: names below the folder of the environment."""

    key: str
    kind: str
    files: tuple[str, ...]
    seconds: float
    factors: dict[str, str] = field(default_factory=dict)


def unit_key(toolchain: str, kind: str, name: str) -> str:
    """The key of an entry: 64 hex."""
    return sha256(f"mithril-unit-v1\n{toolchain}\n{kind}\n{name}\n".encode())


def bundle_key(toolchain: str, units: Iterable[str]) -> str:
    """The key of the bundle of these units."""
    return sha256("\n".join(["mithril-bundle-v1", toolchain, *sorted(units)]).encode())


def profile_key(toolchain: str, label: str) -> str:
    """The name of the pointer to the bundle of a program in an environment."""
    return sha256(f"mithril-profile-v1\n{toolchain}\n{label}\n".encode())


class UnitFolder:
    """The units of one environment on the local disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, unit: Unit) -> bool:
        """Remember a unit whose files are there."""
        about = {
            "kind": unit.kind,
            "files": list(unit.files),
            "seconds": unit.seconds,
            "factors": unit.factors,
        }
        return _files.write_whole(self._record(unit.key), json.dumps(about).encode())

    def find(self, key: str) -> Unit | None:
        """A unit that was remembered, if its files are still there."""
        unit = self._read(key)
        is_whole = unit and all((self.folder / name).is_file() for name in unit.files)
        return unit if is_whole else None

    def all(self) -> list[Unit]:
        """Every unit that was remembered."""
        names = sorted(path.name for path in (self.folder / "units").glob("*"))
        return [unit for name in names if len(name) == 64 and (unit := self._read(name))]

    def pack(self, units: Iterable[Unit]) -> Container | None:
        """A container of units; those whose files are gone are left out; None if none is whole."""
        items: dict[str, bytes] = {}
        total = 0
        for unit in list(units)[:BUNDLE_UNITS_MAX]:
            names = [*unit.files, *self._facts(), f"units/{unit.key}"]
            added = {name: _files.read(self.folder / name) for name in names if name not in items}
            whole = {name: data for name, data in added.items() if data is not None}
            size = sum(map(len, whole.values()))
            if len(whole) < len(added) or total + size > BUNDLE_BYTES_MAX:
                continue
            items |= whole
            total += size
        if not items:
            return None
        return Container(tuple(Item(name, data) for name, data in items.items()))

    def unpack(self, container: Container) -> list[str]:
        """Put the files of a verified container in place; the keys of its units."""
        keys = []
        # Records last: a unit counts once its files are there.
        for item in sorted(container.items, key=lambda item: item.name.startswith("units/")):
            if not ALLOWED.fullmatch(item.name):
                continue
            path = self.folder / item.name
            if not path.is_file() and not _files.write_whole(path, item.data):
                return []
            if item.name.startswith("units/"):
                keys.append(path.name)
        return keys

    def forget(self, key: str) -> None:
        """Take a unit that does not load out of the folder."""
        unit = self._read(key)
        for name in (*(unit.files if unit else ()), f"units/{key}"):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def fact(self, question: str) -> str | None:
        """What was found out about the environment, such as a compiler's version."""
        data = _files.read(self._fact(question))
        return data.decode("utf-8", "replace") if data is not None else None

    def keep_fact(self, question: str, answer: str) -> None:
        """Remember it for later processes, and for those that get a unit."""
        _files.write_whole(self._fact(question), answer.encode())

    def _fact(self, question: str) -> Path:
        return self.folder / "facts" / sha256(question.encode())[:32]

    def _facts(self) -> list[str]:
        names = sorted(path.name for path in (self.folder / "facts").glob("*"))
        return [f"facts/{name}" for name in names if len(name) == 32]

    def _record(self, key: str) -> Path:
        return self.folder / "units" / key

    def _read(self, key: str) -> Unit | None:
        try:
            about: dict[str, Any] = json.loads(_files.read(self._record(key)) or b"")
            files = tuple(str(name) for name in about["files"])
            factors = {str(name): str(value) for name, value in about["factors"].items()}
            return Unit(key, str(about["kind"]), files, float(about["seconds"]), factors)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
