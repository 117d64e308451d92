"""Loading: everything at once, or tensor by tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mithril._errors import InputError
from mithril._frameworks import Framework, Numpy, Torch, load
from mithril._storage import Connection, FilePath
from mithril._tensors import Checkpoint, Entry, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self


def load_all(framework: Framework, checkpoint: Checkpoint) -> dict[str, Any]:
    """Decode every tensor into its own memory."""
    tensors = {name: framework.empty(entry) for name, entry in checkpoint.entries.items()}
    parts = [
        (entry.offset, framework.memory(tensors[name]))
        for name, entry in checkpoint.entries.items()
        if entry.nbytes > 0
    ]
    checkpoint.read_into(parts)
    del parts
    return {name: framework.place(tensor) for name, tensor in tensors.items()}


class safe_open:  # noqa: N801  # the name that safetensors gives it
    """Open a checkpoint and give tensors as they are asked for.

    As ``safetensors.safe_open``, for ``.mith`` and plain safetensors files and objects. One tensor
    reads and decodes only the blocks it is in. ``framework`` is ``"pt"`` or ``"np"``.

    >>> with safe_open("model.safetensors.mith", framework="np") as f:  # doctest: +SKIP
    ...     part = f.get_slice("embedding")[:100]

    Raises a :class:`mithril.MithrilError`.
    """

    def __init__(
        self,
        filename: FilePath,
        framework: str,
        device: Any = "cpu",
        *,
        bases: Sequence[FilePath] = (),
        threads: int | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
    ) -> None:
        self._framework = _framework(framework, device)
        connection = Connection(endpoint_url, region)
        self._opened: Checkpoint | None = Checkpoint(
            filename, bases=bases, threads=threads, connection=connection
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened = None

    def keys(self) -> list[str]:
        """Names of the tensors, sorted."""
        return sorted(self._checkpoint().entries)

    def offset_keys(self) -> list[str]:
        """Names of the tensors, in the order in which they lie in the file."""
        return list(self._checkpoint().entries)

    def metadata(self) -> dict[str, str] | None:
        """Free text that was saved with the tensors."""
        return self._checkpoint().metadata()

    def get_tensor(self, name: str) -> Any:
        """Load one tensor."""
        checkpoint = self._checkpoint()
        return load(self._framework, checkpoint.entry(name), checkpoint.read_into)

    def get_tensors(self) -> dict[str, Any]:
        """Load all tensors."""
        return load_all(self._framework, self._checkpoint())

    def get_slice(self, name: str) -> Slice:
        """Give a view that is read when it is indexed."""
        checkpoint = self._checkpoint()
        return Slice(self._framework, checkpoint, checkpoint.entry(name))

    def _checkpoint(self) -> Checkpoint:
        if self._opened is None:
            raise InputError("the checkpoint is closed")
        return self._opened


class Slice:
    """A tensor that is read when it is indexed: of its first dimension, only what is needed."""

    def __init__(self, framework: Framework, checkpoint: Checkpoint, entry: Entry) -> None:
        self._framework = framework
        self._checkpoint = checkpoint
        self._entry = entry

    def get_shape(self) -> list[int]:
        """Dimensions."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """Type of an element as safetensors spells it."""
        return self._entry.dtype

    def __getitem__(self, index: Any) -> Any:
        """Read what the index needs and take it from there as the framework does."""
        keys = index if isinstance(index, tuple) else (index,)
        if not keys or keys[0] is Ellipsis or keys[0] is None:
            rows = self._entry
        else:
            rows, first = rows_of(self._entry, keys[0])
            keys = (first, *keys[1:])
        return load(self._framework, rows, self._checkpoint.read_into)[keys]


def _framework(name: str, device: Any) -> Framework:
    if name in ("np", "numpy"):
        return Numpy()
    if name in ("pt", "torch", "pytorch"):
        return Torch(device)
    raise InputError(f"framework: expected pt or np, found {name!r}")
