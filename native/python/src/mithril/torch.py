"""Save and load torch tensors, with the functions of ``safetensors.torch``.

``save_file`` writes the packed form of the file that safetensors would write; ``load_file`` reads
packed and plain files alike.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mithril._errors import InputError
from mithril._frameworks import Torch
from mithril._load import load_all
from mithril._storage import Connection, FilePath
from mithril._tensors import Checkpoint, save_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from mithril._files import Level

__all__ = ["load_file", "save_file"]


def save_file(
    tensors: Mapping[str, torch.Tensor],
    filename: FilePath,
    metadata: Mapping[str, str] | None = None,
    *,
    base: FilePath | None = None,
    chain: Sequence[FilePath] = (),
    threads: int | None = None,
    level: Level = "default",
    endpoint_url: str | None = None,
    region: str | None = None,
) -> None:
    """Compress tensors straight from their memory into ``filename``, a path or ``s3://bucket/key``.

    Tensors must be contiguous and must not share memory, as safetensors demands. Those on another
    device are copied to the host one at a time. ``base`` is an earlier checkpoint to be compared
    with, as in :func:`mithril.checkpoint.compress`.

    Raises a :class:`mithril.MithrilError`; then ``filename`` is as it was.
    """
    framework = Torch()
    given = {name: framework.given(name, tensor) for name, tensor in tensors.items()}
    _check_apart(tensors)
    save_tensors(
        given,
        filename,
        metadata,
        base=base,
        chain=chain,
        threads=threads,
        level=level,
        connection=Connection(endpoint_url, region),
    )


def load_file(
    filename: FilePath,
    device: str | int | torch.device = "cpu",
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
) -> dict[str, torch.Tensor]:
    """Load all tensors, each decoded into its own memory, on ``threads`` threads.

    Raises a :class:`mithril.MithrilError`.
    """
    connection = Connection(endpoint_url, region)
    checkpoint = Checkpoint(filename, bases=bases, threads=threads, connection=connection)
    return load_all(Torch(device), checkpoint)


def _check_apart(tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that share memory: they would be saved twice, and loaded as two."""
    places = sorted(
        (str(tensor.device), tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes, name)
        for name, tensor in tensors.items()
        if tensor.nbytes > 0
    )
    for left, right in itertools.pairwise(places):
        if left[0] == right[0] and right[1] < left[2]:
            raise InputError(
                f"tensors {left[3]!r} and {right[3]!r} share memory: save one of them only"
            )
