"""The functions of safetensors.numpy, on packed and plain files."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithril
from mithril import _native, checkpoint, safe_open
from mithril._tensors import Checkpoint
from mithril.numpy import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DTYPES = "bool uint8 int8 int16 uint16 float16 int32 uint32 float32 complex64 float64 int64 uint64"


def weights(count: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(scale=0.02, size=count).astype(np.float32)


def model() -> dict[str, np.ndarray[Any, Any]]:
    large = {f"layer.{i}": weights(300_000, i).reshape(1000, 300) for i in range(8)}
    small = {f"bias.{i}": weights(300, 100 + i) for i in range(8)}
    return large | small


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == right[name].tobytes()
        for name in left
    )


def test_every_dtype_comes_back(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    tensors = {name: random.integers(0, 2, size=(3, 5)).astype(name) for name in DTYPES.split()} | {
        "scalar": np.array(2.5),
        "empty": np.empty((0, 4), np.int8),
    }
    save_file(tensors, tmp_path / "all.mith", {"step": "7"})
    assert same(load_file(tmp_path / "all.mith"), tensors)
    checkpoint.decompress(tmp_path / "all.mith", tmp_path / "plain.safetensors")
    assert same(load_file(tmp_path / "plain.safetensors"), tensors)
    with safe_open(tmp_path / "all.mith", "np") as opened:
        assert opened.metadata() == {"step": "7"}
        assert opened.keys() == sorted(tensors)


shapes = st.lists(st.integers(0, 5), max_size=3).map(tuple)


@settings(max_examples=50, deadline=None)
@given(
    found=st.dictionaries(
        st.text(max_size=20), st.tuples(st.sampled_from(DTYPES.split()), shapes), max_size=6
    ),
    threads=st.integers(1, 3),
)
def test_any_dictionary_comes_back(
    found: dict[str, tuple[str, tuple[int, ...]]],
    threads: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.mith"
    tensors = {
        name: np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
        for name, (dtype, shape) in found.items()
        if name != "__metadata__"
    }
    save_file(tensors, path, threads=threads)
    assert same(load_file(path, threads=threads), tensors)


def test_strides_and_byte_order_are_made_plain(tmp_path: Path) -> None:
    array = np.arange(12, dtype=">f4").reshape(3, 4).T
    save_file({"a": array}, tmp_path / "a.mith")
    found = load_file(tmp_path / "a.mith")["a"]
    assert found.dtype == np.dtype("<f4")
    assert np.array_equal(found, array)


def test_a_delta_needs_its_base(tmp_path: Path) -> None:
    old, new = model(), model()
    new["layer.3"] = new["layer.3"] * np.float32(1.01)
    (tmp_path / "new").mkdir()
    save_file(old, tmp_path / "old.mith")
    save_file(new, tmp_path / "new" / "new.mith", base=tmp_path / "old.mith")
    sizes = [(tmp_path / name).stat().st_size for name in ("old.mith", "new/new.mith")]
    assert sizes[1] * 5 < sizes[0]
    with pytest.raises(mithril.InputError, match="base"):
        load_file(tmp_path / "new" / "new.mith")
    again = load_file(tmp_path / "new" / "new.mith", bases=[tmp_path / "old.mith"], threads=3)
    assert same(again, new)
    with safe_open(tmp_path / "new/new.mith", "np", bases=[tmp_path / "old.mith"]) as opened:
        assert np.array_equal(opened.get_tensor("layer.3"), new["layer.3"])


class Counted:
    """A file read in ranges, of which the bytes are counted."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self.size = len(self._data)
        self.read = 0

    def read_range(self, offset: int, length: int) -> Sequence[bytes]:
        self.read += length
        return [self._data[offset : offset + length]]


def test_one_tensor_reads_only_its_blocks(tmp_path: Path) -> None:
    tensors = model()
    save_file(tensors, tmp_path / "model.mith")
    counted = Counted(tmp_path / "model.mith")
    reader = _native.Reader(counted, [])
    assert counted.read < counted.size / 10
    counted.read = 0
    place = {row[0]: row[3] for row in reader.tensors()}
    out = np.empty(300_000, np.float32)
    reader.read_into([(place["layer.3"], out.data)], 1, None)
    assert out.tobytes() == tensors["layer.3"].tobytes()
    # 1.2 MB of 9.6, in blocks of up to 0.5 MB, compressed; and an index of up to 64 KiB.
    assert counted.read < counted.size / 5
    counted.read = 0
    rows = np.empty(300 * 10, np.float32)
    reader.read_into([(place["layer.5"], rows.data)], 1, None)
    assert counted.read < 0.6e6


@pytest.mark.parametrize("suffix", ["mith", "safetensors"])
def test_slices_are_those_of_numpy(tmp_path: Path, suffix: str) -> None:
    tensor = weights(24_000).reshape(40, 30, 20)
    save_file({"w": tensor, "s": np.array(3)}, tmp_path / "w.mith")
    checkpoint.decompress(tmp_path / "w.mith", tmp_path / "w.safetensors")
    with safe_open(tmp_path / f"w.{suffix}", framework="numpy") as opened:
        part = opened.get_slice("w")
        assert (part.get_shape(), part.get_dtype()) == ([40, 30, 20], "F32")
        indices: list[Any] = [
            slice(None), slice(5, 9), slice(-3, None), slice(2, 30, 7), slice(9, 3), 4, -1,
            (slice(3, 5), 2), (Ellipsis, 1), (slice(None), slice(None, None, 4), -1), [1, 3],
            (0, slice(2, 4)),
        ]  # fmt: skip
        for index in indices:
            assert np.array_equal(part[index], tensor[index]), index
        assert opened.get_slice("s")[()] == 3
        with pytest.raises(IndexError):
            part[40]
        with pytest.raises(mithril.InputError, match="step"):
            part[::-1]
        with pytest.raises(mithril.InputError, match="name in the checkpoint"):
            opened.get_tensor("none")
    with pytest.raises(mithril.InputError, match="closed"):
        opened.keys()


def test_what_cannot_be_saved_or_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "x.mith"
    path.write_text("kept")
    with pytest.raises(mithril.InputError, match="no form"):
        save_file({"a": np.array(["text"])}, path)
    with pytest.raises(mithril.InputError, match=r"numpy\.ndarray"):
        save_file({"a": [1]}, path)  # type: ignore[dict-item]  # that is what must fail
    with pytest.raises(mithril.InputError, match="metadata"):
        save_file({}, path, {"a": 1})  # type: ignore[dict-item]  # that is what must fail
    with pytest.raises(mithril.InputError, match="expected safetensors"):
        load_file(path)
    with pytest.raises(mithril.InputError, match="framework"):
        safe_open(path, "jax")
    assert path.read_text() == "kept"
    assert [file.name for file in tmp_path.iterdir()] == ["x.mith"]


def test_damage_is_an_error_of_every_reader(tmp_path: Path) -> None:
    save_file(model(), tmp_path / "model.mith")
    damaged = bytearray((tmp_path / "model.mith").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "model.mith").write_bytes(damaged)
    with pytest.raises(mithril.CorruptionError):
        load_file(tmp_path / "model.mith", threads=2)


def test_buffers_that_overlap_are_refused(tmp_path: Path) -> None:
    save_file({"w": weights(1000)}, tmp_path / "w.mith")
    reader = _native.Reader(tmp_path / "w.mith", [])
    memory = np.zeros(100, np.uint8)
    with pytest.raises(mithril.InputError, match="overlap"):
        reader.read_into([(0, memory[:60].data), (100, memory[40:].data)], 1, None)
    with pytest.raises(BufferError, match="writable"):
        reader.read_into([(0, b"constant")], 1, None)


def test_what_a_source_raises_is_raised(tmp_path: Path) -> None:
    save_file({"w": weights(300_000)}, tmp_path / "w.mith")

    class Broken(Counted):
        def read_range(self, offset: int, length: int) -> Sequence[bytes]:
            if offset < 1000:
                raise LookupError("mine")
            return super().read_range(offset, length)

    with pytest.raises(LookupError, match="mine"):
        _native.Reader(Broken(tmp_path / "w.mith"), [])


PEAK = """
import resource, sys
import numpy as np
from mithril.numpy import load_file, save_file
tensors = {str(i): np.random.default_rng(i).normal(size=2_000_000) for i in range(16)}
save_file({"warm": tensors["0"][:1000]}, sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
save_file(tensors, sys.argv[1], threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_saving_takes_little_memory_beyond_the_tensors(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path / "big.mith"],
        check=True,
        capture_output=True,
        text=True,
    )
    # 256 MB of tensors; a segment of 16 MiB, its compressed form, and what two threads need.
    assert int(made.stdout) * 1024 < 100e6


def test_a_checkpoint_that_is_open_knows_its_tensors(tmp_path: Path) -> None:
    save_file({"b": weights(10), "a": weights(20)}, tmp_path / "w.mith")
    from mithril._storage import Connection

    opened = Checkpoint(tmp_path / "w.mith", bases=(), threads=1, connection=Connection())
    assert [entry.nbytes for entry in opened.entries.values()] == [80, 40]
