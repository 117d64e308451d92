"""Golden files decode for ever: by the wheel, and by the reference decoder of docs/format."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from typing import TYPE_CHECKING, Any

import pytest
from inputs import GOLDEN, ROOT

from mithril import checkpoint

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

LISTED: list[dict[str, Any]] = json.loads((GOLDEN / "MANIFEST.json").read_text())["files"]
BY_FILE = {entry["file"]: entry for entry in LISTED}


def load_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "mith_decode", ROOT / "docs" / "format" / "mith_decode.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load_reference()
golden = pytest.mark.parametrize("entry", LISTED, ids=lambda entry: str(entry["file"]))


def chain(entry: dict[str, Any]) -> list[Path]:
    found = []
    base = entry["base"]
    while base is not None:
        found.append(GOLDEN / base)
        base = BY_FILE[base]["base"]
    return found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@golden
def test_a_listed_file_is_unchanged(entry: dict[str, Any]) -> None:
    assert digest((GOLDEN / entry["file"]).read_bytes()) == entry["sha256"]


@golden
def test_the_wheel_restores_it(entry: dict[str, Any], tmp_path: Path) -> None:
    checkpoint.decompress(GOLDEN / entry["file"], tmp_path / "out", bases=chain(entry))
    assert digest((tmp_path / "out").read_bytes()) == entry["original"]["sha256"]


@golden
def test_the_reference_decoder_restores_it(entry: dict[str, Any]) -> None:
    restored = REFERENCE.decode(GOLDEN / entry["file"], chain(entry))
    assert digest(restored) == entry["original"]["sha256"]


@golden
def test_the_reference_decoder_restores_the_split_form(
    entry: dict[str, Any], tmp_path: Path
) -> None:
    manifest, segments = REFERENCE.open_checkpoint(GOLDEN / entry["file"])
    (tmp_path / "segments").mkdir()
    for stored in segments:
        (tmp_path / "segments" / f"{digest(stored)}.mseg").write_bytes(stored)
    (tmp_path / "manifest-1.json").write_bytes(manifest)
    restored = REFERENCE.decode(tmp_path, chain(entry))
    assert digest(restored) == entry["original"]["sha256"]


def test_the_reference_decoder_refuses_damage(tmp_path: Path) -> None:
    sound = (GOLDEN / "text.mith").read_bytes()
    for place in range(0, len(sound), 7):
        damaged = bytearray(sound)
        damaged[place] ^= 16
        (tmp_path / "damaged").write_bytes(damaged)
        if damaged[-8:] == sound[-8:]:
            with pytest.raises((ValueError, LookupError)):
                REFERENCE.decode(tmp_path / "damaged", [])
