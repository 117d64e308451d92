"""The functions of safetensors.torch, beside the library itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import safetensors.numpy
import safetensors.torch
import torch

import mithril
from mithril import checkpoint, safe_open
from mithril.numpy import load_file as load_numpy
from mithril.numpy import save_file as save_numpy
from mithril.torch import load_file, save_file

if TYPE_CHECKING:
    from pathlib import Path

DTYPES = """
float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2
bfloat16 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64
""".split()  # noqa: SIM905  # read as the list it is


def every_dtype() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        count = 24 * torch.empty(0, dtype=dtype).element_size()
        random = torch.randint(0, 2, (count,), dtype=torch.uint8, generator=generator)
        tensors[name] = random.view(dtype).reshape(4, 6)
    return tensors | {"scalar": torch.tensor(2.5), "empty": torch.empty(0, 3)}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    def bits(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.reshape(-1).view(torch.uint8)

    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and torch.equal(bits(left[name]), bits(right[name]))
        for name in left
    )


def test_the_packed_form_is_that_of_the_file_that_safetensors_writes(tmp_path: Path) -> None:
    tensors = every_dtype() | {'odd "name"\n\u00e9': torch.ones(1)}
    save_file(tensors, tmp_path / "ours.mith", {"format": "pt"})
    safetensors.torch.save_file(tensors, tmp_path / "theirs", {"format": "pt"})
    checkpoint.decompress(tmp_path / "ours.mith", tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert same(load_file(tmp_path / "ours.mith"), tensors)
    assert same(load_file(tmp_path / "theirs"), tensors)


def test_the_numpy_file_is_the_same_too(tmp_path: Path) -> None:
    tensors = {
        name: tensor.numpy()
        for name, tensor in every_dtype().items()
        if not name.startswith(("float8", "float4", "bfloat16"))
    }
    save_numpy(tensors, tmp_path / "ours.mith")
    safetensors.numpy.save_file(tensors, tmp_path / "theirs")
    checkpoint.decompress(tmp_path / "ours.mith", tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_numpy_has_small_floats_by_ml_dtypes(tmp_path: Path) -> None:
    tensors = every_dtype()
    del tensors["float4_e2m1fn_x2"]
    save_file(tensors, tmp_path / "all.mith")
    arrays = load_numpy(tmp_path / "all.mith")
    assert str(arrays["bfloat16"].dtype) == "bfloat16"
    save_numpy(arrays, tmp_path / "again.mith")
    assert (tmp_path / "again.mith").stat().st_size > 0
    assert same(load_file(tmp_path / "again.mith"), tensors)
    save_file({"a": every_dtype()["float4_e2m1fn_x2"]}, tmp_path / "four.mith")
    with pytest.raises(mithril.InputError, match="no type for F4"):
        load_numpy(tmp_path / "four.mith")


def test_safe_open_is_that_of_safetensors(tmp_path: Path) -> None:
    tensors = {f"layer.{i}": torch.randn(64, 48) for i in range(3)} | {"b": torch.randn(5)}
    save_file(tensors, tmp_path / "m.mith", {"a": "b"})
    safetensors.torch.save_file(tensors, tmp_path / "m", {"a": "b"})
    with (
        safetensors.safe_open(tmp_path / "m", "pt") as theirs,
        safe_open(tmp_path / "m.mith", "pt") as ours,
    ):
        assert ours.keys() == theirs.keys()
        assert ours.offset_keys() == theirs.offset_keys()
        assert ours.metadata() == theirs.metadata()
        assert same(ours.get_tensors(), tensors)
        for name in ours.keys():  # noqa: SIM118  # it is no dictionary
            assert torch.equal(ours.get_tensor(name), tensors[name])
        left, right = ours.get_slice("layer.1"), theirs.get_slice("layer.1")
        assert left.get_shape() == right.get_shape()
        assert left.get_dtype() == right.get_dtype()
        indices: list[Any] = [slice(2, 9), 3, (Ellipsis, 1), (slice(None), slice(None, None, 5)),
            (slice(4, 8), -1), slice(None, None, 7)]  # fmt: skip
        for index in indices:
            assert torch.equal(left[index], right[index]), index


def test_a_delta_of_bf16_is_small(tmp_path: Path) -> None:
    old = {"w": torch.randn(500_000).to(torch.bfloat16), "frozen": torch.randn(200_000)}
    new = {"w": old["w"].clone(), "frozen": old["frozen"]}
    new["w"][::100] *= 1.5
    save_file(old, tmp_path / "old.mith")
    save_file(new, tmp_path / "new.mith", base=tmp_path / "old.mith")
    assert (tmp_path / "new.mith").stat().st_size * 20 < (tmp_path / "old.mith").stat().st_size
    assert same(load_file(tmp_path / "new.mith"), new)


def test_what_safetensors_refuses_is_refused(tmp_path: Path) -> None:
    whole = torch.randn(10, 10)
    for tensors, match in (
        ({"a": whole.t()}, "contiguous"),
        ({"a": whole, "b": whole[2:]}, "share memory"),
        ({"a": whole.to_sparse()}, "dense"),
        ({"a": whole.to("meta")}, "meta"),
        ({"a": [1.0]}, r"torch\.Tensor"),
    ):
        with pytest.raises(mithril.InputError, match=match):
            save_file(tensors, tmp_path / "a.mith")
    assert list(tmp_path.iterdir()) == []


def test_tensors_go_to_the_device_asked_for(tmp_path: Path) -> None:
    save_file({"a": torch.randn(10)}, tmp_path / "a.mith")
    assert load_file(tmp_path / "a.mith", device="meta")["a"].device.type == "meta"
    with safe_open(tmp_path / "a.mith", "pt", device=torch.device("meta")) as opened:
        assert opened.get_tensor("a").device.type == "meta"


def test_parameters_that_need_gradients_are_saved(tmp_path: Path) -> None:
    layer = torch.nn.Linear(4, 4)
    save_file(dict(layer.named_parameters()), tmp_path / "a.mith")
    assert torch.equal(load_file(tmp_path / "a.mith")["weight"], layer.weight)
