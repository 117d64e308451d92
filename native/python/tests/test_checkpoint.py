from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithril
from mithril import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import MakeCheckpoint


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_comes_back_bit_for_bit(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    source = make_checkpoint("step1", 100_000)
    summary = checkpoint.compress(source)
    packed = tmp_path / "step1.mith"
    assert summary.packed_bytes == packed.stat().st_size
    assert summary.original_bytes == source.stat().st_size
    assert summary.crc32 == f"{zlib.crc32(source.read_bytes()):08x}"
    assert summary.ratio > 1.1
    assert not summary.has_base
    restored = tmp_path / "restored"
    again = checkpoint.decompress(packed, restored, threads=2)
    assert restored.read_bytes() == source.read_bytes()
    assert again.crc64nvme == summary.crc64nvme == checkpoint.verify(packed).crc64nvme


def test_a_summary_cannot_be_changed(make_checkpoint: MakeCheckpoint) -> None:
    summary = checkpoint.compress(make_checkpoint("step1", 10))
    with pytest.raises(dataclasses.FrozenInstanceError):
        summary.original_bytes = 1  # type: ignore[misc]  # that is what must fail


def test_a_delta_is_small_and_needs_its_base(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    old = make_checkpoint("old", 200_000)
    new = make_checkpoint("new", 200_000, changed=0.01)
    (tmp_path / "out").mkdir()
    packed, restored = tmp_path / "out" / "new.mith", tmp_path / "out" / "new"
    summary = checkpoint.compress(new, packed, base=old)
    assert summary.has_base
    assert summary.ratio > 20
    with pytest.raises(mithril.InputError, match="base"):
        checkpoint.decompress(packed, restored)
    with pytest.raises(mithril.InputError, match="another file"):
        checkpoint.decompress(packed, restored, bases=[new])
    assert names(tmp_path / "out") == ["new.mith"]
    checkpoint.decompress(packed, restored, bases=[old])
    assert restored.read_bytes() == new.read_bytes()


def test_a_packed_base_beside_the_file_is_found(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    old = make_checkpoint("old", 5000)
    new = make_checkpoint("new", 5000, changed=0.1)
    checkpoint.compress(old)
    checkpoint.compress(new, base=tmp_path / "old.mith")
    old.unlink()
    checkpoint.decompress(tmp_path / "new.mith", tmp_path / "restored")
    assert (tmp_path / "restored").read_bytes() == new.read_bytes()


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=5000))
def test_any_bytes_come_back(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = folder / "source"
    source.write_bytes(data)
    summary = checkpoint.compress(source, level="max")
    assert summary.packed_bytes <= len(data) * 1.001 + 1024
    checkpoint.decompress(folder / "source.mith", folder / "restored")
    assert (folder / "restored").read_bytes() == data


def test_damage_is_an_error_and_leaves_the_target_alone(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    checkpoint.compress(make_checkpoint("step1", 1000))
    packed, target = tmp_path / "step1.mith", tmp_path / "target"
    target.write_text("kept")
    damaged = bytearray(packed.read_bytes())
    damaged[100] ^= 1
    packed.write_bytes(damaged)
    with pytest.raises(mithril.CorruptionError, match="SHA-256"):
        checkpoint.decompress(packed, target)
    packed.write_bytes(damaged[:-1])
    with pytest.raises(mithril.CorruptionError, match="cut off"):
        checkpoint.verify(packed)
    assert target.read_text() == "kept"
    assert names(tmp_path) == ["step1", "step1.mith", "target"]


def test_every_error_has_one_root(tmp_path: Path) -> None:
    with pytest.raises(mithril.StorageError, match="No such file") as missing:
        checkpoint.verify(tmp_path / "missing")
    assert isinstance(missing.value, mithril.MithrilError)
    assert isinstance(missing.value, OSError)
    with pytest.raises(mithril.StorageError):
        checkpoint.compress(tmp_path / "missing", tmp_path / "no" / "folder")
    with pytest.raises(mithril.InputError, match="threads"):
        checkpoint.compress(tmp_path / "missing", threads=0)
    with pytest.raises(mithril.InputError, match="level"):
        checkpoint.compress(tmp_path / "missing", level="best")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(mithril.InputError, match="chain"):
        checkpoint.compress(tmp_path / "missing", chain=["x"])
    assert names(tmp_path) == []


def test_progress_counts_up_to_the_size(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    source = make_checkpoint("step1", 5_000_000)
    heard: list[int] = []
    checkpoint.compress(source, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == source.stat().st_size
    with pytest.raises(mithril.CancelledError):
        checkpoint.compress(source, tmp_path / "stopped", progress=lambda done: done == 0)
    assert names(tmp_path) == ["step1", "step1.mith"]


def test_what_progress_raises_is_raised(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    def fail(_done: int) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        checkpoint.compress(make_checkpoint("step1", 1000), progress=fail)
    assert names(tmp_path) == ["step1"]


def test_ctrl_c_stops_the_work_and_leaves_nothing(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    source = make_checkpoint("step1", 10_000_000)

    def interrupt(done: int) -> None:
        if done == 0:
            os.kill(os.getpid(), signal.SIGINT)

    # A shell starts what runs in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            checkpoint.compress(source, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert names(tmp_path) == ["step1"]


def test_other_threads_run_meanwhile(make_checkpoint: MakeCheckpoint) -> None:
    source = make_checkpoint("step1", 10_000_000)
    ticks, finished = 0, threading.Event()

    def compress() -> None:
        checkpoint.compress(source, level="max", threads=1)
        finished.set()

    worker = threading.Thread(target=compress)
    worker.start()
    while not finished.is_set():
        time.sleep(0.001)
        ticks += 1
    worker.join()
    assert ticks > 10


def test_a_new_file_has_the_mode_of_the_mask(make_checkpoint: MakeCheckpoint) -> None:
    source = make_checkpoint("step1", 10)
    checkpoint.compress(source)
    assert source.with_name("step1.mith").stat().st_mode == source.stat().st_mode
