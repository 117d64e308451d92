"""Folders: the tree comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mithril
from mithril import checkpoint
from mithril._text import size_text
from mithril.numpy import save_file

if TYPE_CHECKING:
    from pathlib import Path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(place.relative_to(folder)): place.read_bytes() if place.is_file() else None
        for place in folder.rglob("*")
    }


def step(folder: Path, number: int) -> Path:
    random = np.random.default_rng(1)
    weights = random.normal(scale=0.02, size=200_000).astype(np.float32)
    weights[::100] *= 1 + number
    (folder / "optimizer" / "empty").mkdir(parents=True)
    save_file({"w": weights}, folder / "packed")
    checkpoint.decompress(folder / "packed", folder / "model.safetensors")
    (folder / "packed").unlink()
    (folder / "optimizer" / "state.bin").write_bytes(weights.tobytes())
    (folder / "config.json").write_text(f'{{"step": {number}}}')
    (folder / "nothing").touch()
    return folder


def test_a_folder_comes_back_file_by_file(tmp_path: Path) -> None:
    source = step(tmp_path / "step1", 1)
    done = checkpoint.compress_directory(source, tmp_path / "packed" / "step1")
    assert done.files == 4
    assert done.original_bytes == sum(file.stat().st_size for file in source.rglob("*.*"))
    assert done.ratio > 1.1
    again = checkpoint.decompress_directory(tmp_path / "packed" / "step1", tmp_path / "again")
    assert (again.files, again.original_bytes) == (4, done.original_bytes)
    assert tree(tmp_path / "again") == tree(source)


def test_a_series_is_compressed_against_the_folder_before(tmp_path: Path) -> None:
    packed, previous, sizes = tmp_path / "packed", None, []
    for number in range(4):
        source = step(tmp_path / f"step{number}", number)
        target = packed / source.name
        sizes.append(checkpoint.compress_directory(source, target, base=previous).packed_bytes)
        previous = target
    assert sizes[3] * 10 < sizes[0]
    checkpoint.decompress_directory(packed / "step3", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(tmp_path / "step3")
    bases = [packed / f"step{number}" for number in range(3)]
    checkpoint.decompress_directory(packed / "step3", tmp_path / "named", bases=bases)
    assert tree(tmp_path / "named") == tree(tmp_path / "step3")
    (tmp_path / "alone").mkdir()
    (packed / "step3").rename(tmp_path / "alone" / "step3")
    with pytest.raises(mithril.InputError, match="base"):
        checkpoint.decompress_directory(tmp_path / "alone" / "step3", tmp_path / "fails")
    assert not (tmp_path / "fails").exists()


def test_what_is_no_tree_of_files_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    source = step(tmp_path / "step1", 1)
    (source / "link").symlink_to("/etc/passwd")
    with pytest.raises(mithril.InputError, match="link"):
        checkpoint.compress_directory(source, tmp_path / "target")
    with pytest.raises(mithril.InputError, match="nothing there"):
        checkpoint.compress_directory(source, source)
    with pytest.raises(mithril.StorageError, match="folder"):
        checkpoint.compress_directory(tmp_path / "missing", tmp_path / "target")
    with pytest.raises(mithril.InputError, match=r"\.mith"):
        checkpoint.decompress_directory(step(tmp_path / "step2", 2), tmp_path / "target")
    assert sorted(place.name for place in tmp_path.iterdir()) == ["step1", "step2"]


def test_sizes_have_three_digits() -> None:
    texts = [size_text(size) for size in (0, 1023, 1024, 15.25 * 2**20, 329 * 2**30, 2.5e15)]
    assert texts == ["0 bytes", "1023 bytes", "1.00 KiB", "15.2 MiB", "329 GiB", "2.22 PiB"]
