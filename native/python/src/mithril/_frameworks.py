"""What a framework has to do for us: make an empty tensor, show its memory, take its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mithril._errors import InputError
from mithril._tensors import DTYPE_BITS, Entry, Given

if TYPE_CHECKING:
    from typing_extensions import Buffer


#: What each type of safetensors is called elsewhere.
_NUMPY = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}
_ML_DTYPES = {
    "BF16": "bfloat16",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
_TORCH = {
    "BOOL": "bool",
    "F4": "float4_e2m1fn_x2",
    "U8": "uint8",
    "I8": "int8",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}


class Framework(Protocol):
    """numpy or torch."""

    def empty(self, entry: Entry) -> Any:
        """Make a tensor in the memory of the host, with anything in it."""

    def memory(self, tensor: Any) -> Buffer:
        """Show the bytes of such a tensor, to be written to."""

    def place(self, tensor: Any) -> Any:
        """Move a filled tensor to where the user wants it."""


class Numpy:
    """Arrays of numpy; bfloat16 and 8-bit floats are types of ml_dtypes."""

    def empty(self, entry: Entry) -> Any:
        """Make an array."""
        import numpy as np

        return np.empty(entry.shape, self._dtype(entry))

    def memory(self, tensor: Any) -> Buffer:
        """Show its bytes."""
        import numpy as np

        shown: Buffer = tensor.reshape(-1).view(np.uint8)
        return shown

    def place(self, tensor: Any) -> Any:
        """Arrays are always in the memory of the host."""
        return tensor

    def given(self, name: str, tensor: Any) -> Given:
        """Describe an array to be saved, whatever its byte order and strides are."""
        import numpy as np

        if not isinstance(tensor, np.ndarray):
            raise InputError(f"tensor {name!r}: expected numpy.ndarray, found {type(tensor)}")
        names = _NUMPY | _ML_DTYPES
        known = {numpy_name: dtype for dtype, numpy_name in names.items()}
        dtype = known.get(tensor.dtype.name)
        if dtype is None:
            raise InputError(f"tensor {name!r}: dtype {tensor.dtype} has no form in safetensors")

        def memory() -> Buffer:
            little = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False)
            return self.memory(np.ascontiguousarray(little))

        return Given(dtype, tensor.shape, tensor.nbytes, memory)

    def _dtype(self, entry: Entry) -> Any:
        import numpy as np

        if entry.dtype in _NUMPY:
            return np.dtype(_NUMPY[entry.dtype])
        if entry.dtype not in _ML_DTYPES:
            raise InputError(f"tensor {entry.name!r}: numpy has no type for {entry.dtype}")
        try:
            import ml_dtypes
        except ImportError as error:
            raise InputError(
                f"tensor {entry.name!r}: numpy needs ml_dtypes for {entry.dtype}: "
                "pip install ml_dtypes"
            ) from error
        return np.dtype(getattr(ml_dtypes, _ML_DTYPES[entry.dtype]))


class Torch:
    """Tensors of torch, on any device."""

    def __init__(self, device: Any = "cpu") -> None:
        self._device = device

    def empty(self, entry: Entry) -> Any:
        """Make a tensor."""
        import torch

        dtype = getattr(torch, _TORCH.get(entry.dtype, ""), None)
        if dtype is None:
            raise InputError(f"tensor {entry.name!r}: torch has no type for {entry.dtype}")
        shape = list(entry.shape)
        if DTYPE_BITS[entry.dtype] < 8:  # torch counts bytes, the header counts elements
            shape[-1] = shape[-1] * DTYPE_BITS[entry.dtype] // 8
        return torch.empty(shape, dtype=dtype)

    def memory(self, tensor: Any) -> Buffer:
        """Show its bytes."""
        import torch

        shown: Buffer = tensor.detach().reshape(-1).view(torch.uint8).numpy()
        return shown

    def place(self, tensor: Any) -> Any:
        """Move it to the device."""
        return tensor if self._device in ("cpu", None) else tensor.to(self._device)

    def given(self, name: str, tensor: Any) -> Given:
        """Describe a tensor to be saved. One on another device is copied when it is reached."""
        import torch

        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"tensor {name!r}: expected torch.Tensor, found {type(tensor)}")
        if tensor.device.type == "meta":
            raise InputError(f"tensor {name!r}: expected one with data, found one on device meta")
        if tensor.layout != torch.strided or not tensor.is_contiguous():
            raise InputError(
                f"tensor {name!r}: expected a dense, contiguous one: "
                "call .to_dense() or .contiguous() before saving"
            )
        known = {torch_name: dtype for dtype, torch_name in _TORCH.items()}
        dtype = known.get(str(tensor.dtype).removeprefix("torch."))
        if dtype is None:
            raise InputError(f"tensor {name!r}: dtype {tensor.dtype} has no form in safetensors")
        shape = list(tensor.shape)
        if DTYPE_BITS[dtype] < 8 and shape:
            shape[-1] = shape[-1] * 8 // DTYPE_BITS[dtype]
        nbytes = tensor.numel() * tensor.element_size()
        return Given(dtype, tuple(shape), nbytes, lambda: self.memory(tensor.cpu()))


def load(framework: Framework, entry: Entry, read: Any) -> Any:
    """Read one tensor into its own memory."""
    tensor = framework.empty(entry)
    if entry.nbytes > 0:
        read([(entry.offset, framework.memory(tensor))])
    return framework.place(tensor)
