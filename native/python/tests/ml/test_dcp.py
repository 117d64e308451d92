"""DCP checkpoints through torch's own save, load and async_save."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint._extension import ExtensionRegistry

import mithril
from mithril import dcp as ours
from mithril.dcp import MithrilStorageReader, MithrilStorageWriter, MithrilStreamExtension
from mithril.torch import save_file

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore::FutureWarning")


def state(seed: int) -> dict[str, Any]:
    torch.manual_seed(seed)
    return {
        "model": {
            "w": torch.randn(300, 400) * 0.02,
            "half": (torch.randn(700, 300) * 0.02).to(torch.bfloat16),
            "scalar": torch.tensor(3.5 + seed),
            "none": torch.empty(0, 4),
        },
        "step": 17 + seed,
        "notes": {"name": "run", "list": [1, seed]},
    }


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    tensors = all(torch.equal(left["model"][name], right["model"][name]) for name in left["model"])
    return tensors and left["step"] == right["step"] and left["notes"] == right["notes"]


def folder_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("*.distcp"))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_checkpoint_comes_back_smaller(tmp_path: Path, threads: int) -> None:
    saved, loaded = state(1), state(2)
    writer = MithrilStorageWriter(tmp_path / "ours", thread_count=threads)
    dcp.save(saved, storage_writer=writer)
    dcp.save(saved, storage_writer=FileSystemWriter(tmp_path / "plain", thread_count=threads))
    assert folder_bytes(tmp_path / "ours") * 1.2 < folder_bytes(tmp_path / "plain")
    assert not same(saved, loaded)
    reader = MithrilStorageReader(tmp_path / "ours", thread_count=threads)
    dcp.load(loaded, storage_reader=reader)
    assert same(saved, loaded)
    plain = state(3)
    dcp.load(plain, storage_reader=MithrilStorageReader(tmp_path / "plain"))
    assert same(saved, plain)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_an_item_is_as_small_as_in_a_checkpoint_of_its_own(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    torch.manual_seed(1)
    tensor = (torch.randn(500, 1000) * 0.02).to(dtype)
    dcp.save({"w": tensor}, storage_writer=MithrilStorageWriter(tmp_path / "dcp"))
    save_file({"w": tensor}, tmp_path / "w.mith")
    zip_bytes = 1500  # headers and directory of a zip
    assert folder_bytes(tmp_path / "dcp") < (tmp_path / "w.mith").stat().st_size + zip_bytes


def test_torch_reads_and_writes_it_with_the_extension(tmp_path: Path) -> None:
    saved, loaded, again = state(1), state(2), state(3)
    writer = FileSystemWriter(tmp_path, _extensions=[MithrilStreamExtension(threads=2)])
    dcp.save(saved, storage_writer=writer)
    registry = ExtensionRegistry()
    registry.register(MithrilStreamExtension)
    dcp.load(loaded, storage_reader=FileSystemReader(tmp_path, _extension_registry=registry))
    assert same(saved, loaded)
    dcp.load(again, storage_reader=MithrilStorageReader(tmp_path))
    assert same(saved, again)
    with pytest.raises(dcp.api.CheckpointException, match=r"Unknown extension"):
        dcp.load(state(4), storage_reader=FileSystemReader(tmp_path))


def test_async_save(tmp_path: Path) -> None:
    saved, loaded = state(1), state(2)
    future = dcp.async_save(saved, storage_writer=MithrilStorageWriter(tmp_path))
    assert not isinstance(future, type(None))
    future.result()
    dcp.load(loaded, storage_reader=MithrilStorageReader(tmp_path))
    assert same(saved, loaded)


def test_shards_are_read_into_another_layout(tmp_path: Path) -> None:
    """Two ranks write halves; a reader of one rank wants the whole, and one of three its part."""
    script = Path(__file__).parent / "dcp_ranks.py"
    torch.multiprocessing.start_processes(
        _module(script).write_half, args=(str(tmp_path),), nprocs=2, start_method="spawn"
    )
    whole = {"w": torch.zeros(8, 6)}
    dcp.load(whole, storage_reader=MithrilStorageReader(tmp_path))
    assert torch.equal(whole["w"], torch.arange(48.0).reshape(8, 6))
    torch.multiprocessing.start_processes(
        _module(script).read_columns, args=(str(tmp_path),), nprocs=3, start_method="spawn"
    )


def _module(path: Path) -> ModuleType:
    import importlib
    import sys

    sys.path.insert(0, str(path.parent))
    return importlib.import_module(path.stem)


def test_an_item_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    dcp.save(state(1), storage_writer=MithrilStorageWriter(tmp_path, thread_count=1))
    file = next(tmp_path.glob("*.distcp"))
    data = bytearray(file.read_bytes())
    for place in range(100, len(data), len(data) // 20):
        data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(dcp.api.CheckpointException):
        dcp.load(state(2), storage_reader=MithrilStorageReader(tmp_path))


def test_nothing_but_metadata_is_unpickled_by_us(tmp_path: Path) -> None:
    """A hostile tensor item meets torch's weights_only loader, as it does without us."""

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "owned",)

    dcp.save({"w": torch.ones(3)}, storage_writer=MithrilStorageWriter(tmp_path))
    metadata = FileSystemReader(tmp_path).read_metadata()
    info = next(iter(metadata.storage_data.values()))
    file = tmp_path / info.relative_path
    with file.open("wb") as out:
        stream = MithrilStreamExtension().transform_to(out)
        torch.save(Hostile(), stream)
        stream.close()
    info.length = file.stat().st_size
    (tmp_path / ".metadata").write_bytes(pickle.dumps(metadata))
    with pytest.raises(dcp.api.CheckpointException):
        dcp.load({"w": torch.zeros(3)}, storage_reader=MithrilStorageReader(tmp_path))
    assert not (tmp_path / "owned").exists()


def test_versions_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MithrilStreamExtension().get_descriptor() == "stream.mithril/1"
    with pytest.raises(mithril.CompatibilityError, match="version"):
        MithrilStreamExtension.from_descriptor("2")
    with pytest.raises(mithril.InputError, match="_extensions"):
        MithrilStorageWriter(tmp_path, _extensions=[MithrilStreamExtension()])
    form = torch.distributed.checkpoint.filesystem.SerializationFormat.SAFETENSORS
    with pytest.raises(mithril.InputError, match="torch_save"):
        MithrilStorageWriter(tmp_path, serialization_format=form)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MithrilStorageReader(tmp_path)
    monkeypatch.setattr(ours, "TORCH_TESTED", (2, 0))
    with pytest.warns(UserWarning, match="was tested with 2.0"):
        MithrilStorageReader(tmp_path)
