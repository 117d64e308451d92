"""Files as PyTorch, its DCP, DeepSpeed and numpy write them: recognised, and back byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.filesystem import FileSystemWriter, SerializationFormat

from mithril import _native, checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")

DTYPES = """
float8_e4m3fn float8_e5m2 bfloat16 float16 float32 float64 int8 int16 int32 int64 uint8 uint16
uint32 uint64 bool complex64 complex128
""".split()  # noqa: SIM905  # read as the list it is


def trained(steps: int) -> dict[str, Any]:
    """Give the state of a model and of AdamW after so many steps."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(256, 300), nn.LayerNorm(300), nn.Linear(300, 64))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 256)).square().mean().backward()
        optimizer.step()
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    return {
        "epoch": 1,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "rng": [torch.get_rng_state()],
    }


def names(value: object, path: str = "") -> Iterator[str]:
    """Name the tensors that a nest of dicts and lists holds."""
    items: list[tuple[object, object]] = []
    if isinstance(value, torch.Tensor):
        yield path
    elif isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    for key, item in items:
        yield from names(item, f"{path}.{key}" if path else str(key))


def recognised(path: Path) -> tuple[str, list[str]]:
    """Give what a file is, and the names of its tensors."""
    reader = _native.Reader(path, [])
    return reader.reason or "safetensors", [name for name, *_ in reader.tensors()]


def packed(path: Path, base: Path | None = None) -> float:
    """Compress the file, check that it comes back and is recognised the same; give the ratio."""
    target, back = path.with_suffix(".mith"), path.with_suffix(".back")
    summary = checkpoint.compress(path, target, base=base)
    bases = [] if base is None else [base]
    checkpoint.decompress(target, back, bases=bases)
    assert back.read_bytes() == path.read_bytes()
    reader = _native.Reader(target, bases)
    assert (reader.reason, reader.tensors()) == (
        _native.Reader(path, []).reason,
        _native.Reader(path, []).tensors(),
    )
    return summary.ratio


def test_a_training_state_names_every_tensor_and_the_next_step_pairs_with_it(
    tmp_path: Path,
) -> None:
    for steps in (1, 2):
        torch.save(trained(steps), tmp_path / f"step-{steps}.pt")
    kind, found = recognised(tmp_path / "step-1.pt")
    expected = set(names(trained(1)))
    assert kind == "a file of kind torch"
    assert set(found) == expected
    assert len(found) == len(expected) == 25
    assert "optimizer.state.5.exp_avg_sq" in found
    alone = packed(tmp_path / "step-2.pt")
    assert packed(tmp_path / "step-2.pt", base=tmp_path / "step-1.pt") > alone > 1.1


def test_every_dtype_is_named_with_its_shape_and_bytes(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    saved = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        count = 6000 * torch.empty(0, dtype=dtype).element_size()
        random = torch.randint(0, 2, (count,), dtype=torch.uint8, generator=generator)
        saved[name] = random.view(dtype).reshape(60, 100)
    source = tmp_path / "dtypes.pt"
    torch.save(saved, source)
    raw = source.read_bytes()
    rows = {row[0]: row for row in _native.Reader(source, []).tensors()}
    assert rows.keys() == saved.keys()
    for name, tensor in saved.items():
        _, _, shape, offset, length = rows[name]
        assert shape == [60, 100]
        assert raw[offset : offset + length] == tensor.view(torch.uint8).numpy().tobytes()
    packed(source)


def test_views_and_parameters_keep_their_names(tmp_path: Path) -> None:
    weight = nn.Parameter(torch.randn(200, 100) * 0.02)
    storage = weight.detach()
    saved = {
        "weight": weight,
        "tied": weight,
        "turned": storage.t(),
        "row": storage[3],
        "every_other": storage[::2],
        "empty": torch.empty(0, 4),
        "scalar": torch.tensor(2.5),
    }
    torch.save(saved, tmp_path / "views.pt")
    assert sorted(recognised(tmp_path / "views.pt")[1]) == sorted(saved)
    assert packed(tmp_path / "views.pt") > 1.1


def test_deepspeeds_optimizer_states_name_their_flat_partitions(tmp_path: Path) -> None:
    flat = torch.randn(40_000) * 0.02
    moments = {"step": torch.tensor(7.0), "exp_avg": flat * 0.1, "exp_avg_sq": flat.square()}
    saved = {
        "optimizer_state_dict": {
            "loss_scaler": None,
            "dynamic_loss_scale": False,
            "base_optimizer_state": {"state": {0: moments}, "param_groups": [{"lr": 1e-4}]},
            "single_partition_of_fp32_groups": [flat],
            "zero_stage": 2,
            "group_paddings": [0],
            "partition_count": [1],
        },
        "ds_config": {"zero_optimization": {"stage": 2}},
        "ds_version": "0.17.0",
    }
    source = tmp_path / "zero_pp_rank_0_mp_rank_00_optim_states.pt"
    torch.save(saved, source)
    kind, found = recognised(source)
    assert kind == "a file of kind torch"
    assert sorted(found) == sorted(names(saved))
    assert "optimizer_state_dict.single_partition_of_fp32_groups.0" in found
    assert packed(source) > 1.1


def test_torchscript_is_a_torch_file_too(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = torch.jit.script(nn.Sequential(nn.Linear(100, 200), nn.Linear(200, 3)))
    model.save(tmp_path / "script.pt")
    kind, found = recognised(tmp_path / "script.pt")
    assert kind == "a file of kind torch"
    assert len(found) == 4
    assert packed(tmp_path / "script.pt") > 1.1


def test_the_format_of_before_the_zip_comes_back_and_is_called_so(tmp_path: Path) -> None:
    torch.save(trained(1), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    kind, found = recognised(tmp_path / "old.pt")
    assert "before PyTorch 1.6" in kind
    assert not found
    packed(tmp_path / "old.pt")


@pytest.mark.parametrize(
    ("form", "kind", "names_count"),
    [
        (SerializationFormat.TORCH_SAVE, "a file of kind distcp", 0),
        (SerializationFormat.SAFETENSORS, "safetensors", 24),
    ],
)
def test_a_dcp_folder_is_typed_file_by_file_and_pairs_with_the_next(
    tmp_path: Path, form: SerializationFormat, kind: str, names_count: int
) -> None:
    state = trained(1)
    state = {"model": state["model"], "optimizer": state["optimizer"]["state"]}
    for step in (1, 2):
        if step == 2:
            for tensor in state["model"].values():
                tensor.view(-1)[::100] *= 1.001
        writer = FileSystemWriter(tmp_path / f"step-{step}", serialization_format=form)
        dcp.save(state, storage_writer=writer)
    first, second = (tmp_path / f"step-{step}" / "__0_0.distcp" for step in (1, 2))
    found, tensors = recognised(first)
    assert (found, len(tensors)) == (kind, names_count)
    alone = packed(first)
    assert alone > 1.1
    assert packed(second, base=first) > 10 * alone
    packed(tmp_path / "step-1" / ".metadata")


def test_arrays_of_numpy_are_named(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(scale=0.02, size=(300, 200)).astype(np.float32)
    arrays: dict[str, Any] = {
        "w": weights,
        "turned": np.asfortranarray(weights),
        "step": np.int64(7),
    }
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "deflated.npz", **arrays)
    np.save(tmp_path / "one.npy", weights)
    assert recognised(tmp_path / "plain.npz") == ("a file of kind npz", [*arrays])
    assert recognised(tmp_path / "deflated.npz") == ("a file of kind npz", [])
    assert recognised(tmp_path / "one.npy") == ("a file of kind npy", ["array"])
    assert packed(tmp_path / "plain.npz") > 1.1
    assert packed(tmp_path / "one.npy") > 1.1
    packed(tmp_path / "deflated.npz")
