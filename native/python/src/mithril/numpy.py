"""Save and load numpy arrays, with the functions of ``safetensors.numpy``.

``save_file`` writes the packed form of the file that safetensors would write; ``load_file`` reads
packed and plain files alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mithril._frameworks import Numpy
from mithril._load import load_all
from mithril._storage import Connection, FilePath
from mithril._tensors import Checkpoint, save_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from mithril._files import Level

__all__ = ["load_file", "save_file"]


def save_file(
    tensor_dict: Mapping[str, np.ndarray[Any, Any]],
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
    """Compress arrays straight from their memory into ``filename``, a path or ``s3://bucket/key``.

    ``base`` is an earlier checkpoint to be compared with, as in ``mithril.checkpoint.compress``.

    Raises a :class:`mithril.MithrilError`; then ``filename`` is as it was.
    """
    framework = Numpy()
    save_tensors(
        {name: framework.given(name, tensor) for name, tensor in tensor_dict.items()},
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
    *,
    bases: Sequence[FilePath] = (),
    threads: int | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
) -> dict[str, np.ndarray[Any, Any]]:
    """Load all arrays, each decoded into its own memory, on ``threads`` threads.

    Raises a :class:`mithril.MithrilError`.
    """
    connection = Connection(endpoint_url, region)
    checkpoint = Checkpoint(filename, bases=bases, threads=threads, connection=connection)
    return load_all(Numpy(), checkpoint)
