"""Compressed checkpoints of ``torch.distributed.checkpoint`` (DCP).

>>> import torch.distributed.checkpoint as dcp  # doctest: +SKIP
>>> from mithril.dcp import MithrilStorageReader, MithrilStorageWriter  # doctest: +SKIP
>>> dcp.save(state, storage_writer=MithrilStorageWriter(path))  # doctest: +SKIP
>>> dcp.load(state, storage_reader=MithrilStorageReader(path))  # doctest: +SKIP

Every item of the plan (a tensor, a shard of one, an object) is compressed by itself, so that any
later layout of ranks reads only the items it needs. The folder stays one of DCP: its metadata says
of each item that it passed through ``stream.mithril/1``, and torch's own ``FileSystemReader`` reads
it once :class:`MithrilStreamExtension` is registered. :class:`MithrilStorageReader` does the same
on many threads, where torch reads compressed items one after the other.

What DCP unpickles is unpickled by DCP: nothing here looks into an item.

Tested with torch 2.15. These are experimental interfaces of torch, so any other release warns, and
one without them is refused.
"""

from __future__ import annotations

import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, cast

import torch
from torch.distributed.checkpoint import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.planner import LoadItemType
from torch.futures import Future

from mithril import _native
from mithril._errors import CompatibilityError, InputError
from mithril._storage import default_threads

try:
    from torch.distributed.checkpoint._extension import (
        ExtensionRegistry,
        StreamTransformExtension,
    )
except ImportError as error:
    raise CompatibilityError(
        f"torch {torch.__version__} has no stream extensions: a newer one is needed"
    ) from error

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from torch.distributed.checkpoint.planner import LoadPlan, LoadPlanner, ReadItem
    from typing_extensions import Buffer

    from mithril._files import Level

__all__ = ["MithrilStorageReader", "MithrilStorageWriter", "MithrilStreamExtension"]

TORCH_TESTED = (2, 15)
REGISTRY_NAME = "stream.mithril"
VERSION = "1"


class MithrilStreamExtension(StreamTransformExtension):
    """Compress the items of a DCP checkpoint; for torch's own writer and reader.

    ``FileSystemWriter(path, _extensions=[MithrilStreamExtension()])`` writes; to read, register the
    class with an ``ExtensionRegistry`` and give that to ``FileSystemReader``. An item is held in
    memory while it is compressed, as DCP holds its tensor.
    """

    def __init__(self, *, level: Level = "default", threads: int = 1) -> None:
        """Compress on ``threads`` threads an item; reading takes one."""
        self._level = level
        self._threads = default_threads(threads)

    @staticmethod
    def registry_name() -> str:
        """Name in the metadata of a checkpoint."""
        return REGISTRY_NAME

    @staticmethod
    def from_descriptor(version: str) -> MithrilStreamExtension:
        """Give what reads this version."""
        if version.partition(".")[0] != VERSION:
            raise CompatibilityError(
                f"version of {REGISTRY_NAME}: expected {VERSION}, found {version}"
            )
        return MithrilStreamExtension()

    def get_descriptor(self) -> str:
        """Name and version in the metadata of a checkpoint."""
        return f"{REGISTRY_NAME}/{VERSION}"

    def transform_to(self, output: IO[bytes]) -> IO[bytes]:
        """Give a stream that compresses what is written to it into ``output`` when it is closed."""
        return cast("IO[bytes]", _Compressing(output, self._level, self._threads))

    def transform_from(self, input: IO[bytes]) -> IO[bytes]:  # noqa: A002  # torch's name
        """Give a seekable stream of what was compressed into ``input``."""
        return io.BytesIO(_restored(input, self._threads))


class MithrilStorageWriter(FileSystemWriter):
    """``FileSystemWriter`` that compresses every item; takes all of its arguments.

    ``thread_count`` items are compressed at the same time, by default one for each core.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        thread_count: int | None = None,
        level: Level = "default",
        **options: object,
    ) -> None:
        """Take the arguments of ``FileSystemWriter``, but for ``_extensions``."""
        _check_release()
        if options.get("_extensions"):
            raise InputError("_extensions: expected none, the writer brings its own")
        form = getattr(options.get("serialization_format"), "value", "torch_save")
        if form != "torch_save":  # such files pass by the extensions
            raise InputError(f"serialization_format: expected torch_save, found {form}")
        options["_extensions"] = [MithrilStreamExtension(level=level)]
        super().__init__(path, thread_count=default_threads(thread_count), **options)


class MithrilStorageReader(FileSystemReader):
    """``FileSystemReader`` that reads, restores and copies items on many threads.

    Reads what :class:`MithrilStorageWriter` wrote, what torch's writer wrote with
    :class:`MithrilStreamExtension`, and checkpoints that are not compressed. ``thread_count`` items
    are in memory at the same time.
    """

    def __init__(self, path: str | os.PathLike[str], *, thread_count: int | None = None) -> None:
        """Read the checkpoint in the folder ``path``."""
        _check_release()
        registry = ExtensionRegistry()
        registry.register(MithrilStreamExtension)
        super().__init__(path, _extension_registry=registry)
        self._thread_count = default_threads(thread_count)
        # Planners are written for one caller at a time; restoring and copying need no planner.
        self._planner_lock = threading.Lock()

    def read_data(self, plan: LoadPlan, planner: LoadPlanner) -> Future[None]:
        """Read all items of the plan, those that lie together one after the other."""
        items = sorted(plan.items, key=self._place)
        with ThreadPoolExecutor(self._thread_count, "mithril-dcp") as pool:
            tasks = [pool.submit(self._read_item, item, planner) for item in items]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def _place(self, item: ReadItem) -> tuple[str, int]:
        stored = self.storage_data[item.storage_index]
        return stored.relative_path, stored.offset

    def _read_item(self, item: ReadItem, planner: LoadPlanner) -> None:
        stored = self.storage_data[item.storage_index]
        path = self.fs.concat_path(self.path, stored.relative_path)
        with self.fs.create_stream(path, "rb") as file:
            stream = self.transforms.transform_load_stream(
                item, stored.transform_descriptors or (), self._slice_file(file, stored)
            )
            if item.type == LoadItemType.BYTE_IO:
                content = io.BytesIO(stream.read(-1))
                with self._planner_lock:
                    planner.load_bytes(item, content)
                return
            tensor = torch.load(_seekable(stream), map_location="cpu", weights_only=True)
        for dimension, (start, length) in enumerate(
            zip(item.storage_offsets, item.lengths, strict=True)
        ):
            tensor = tensor.narrow(dimension, start, length)
        with self._planner_lock:
            target = planner.resolve_tensor(item).detach()
        if target.size() != tensor.size():
            raise InputError(
                f"size of {item.storage_index}: expected {target.size()}, found {tensor.size()}"
            )
        target.copy_(tensor)
        with self._planner_lock:
            planner.commit_tensor(item, target)


class _Compressing(io.RawIOBase):
    """Holds one item, and writes its packed form when it is closed."""

    def __init__(self, output: IO[bytes], level: Level, threads: int) -> None:
        self._output = output
        self._level = level
        self._threads = threads
        self._item = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data)
        self._item += view.cast("B") if view.nbytes > 0 else b""
        return view.nbytes

    def close(self) -> None:
        if self.closed:
            return
        try:
            source = _InMemory(self._item)
            _native.compress(source, self._output, "", [], self._threads, self._level, None)
            self._output.close()
        finally:
            super().close()


class _InMemory:
    """Bytes in memory, read in ranges."""

    def __init__(self, data: Buffer) -> None:
        self._view = memoryview(data)
        self.size = self._view.nbytes

    def read_range(self, offset: int, length: int) -> Sequence[Buffer]:
        return [self._view[offset : offset + length]]


def _restored(packed: IO[bytes], threads: int) -> bytearray:
    content = _InMemory(packed.read(-1))
    reader = _native.Reader(content, [])
    restored = bytearray(reader.size)
    if restored:
        reader.read_into([(0, restored)], threads, None)
    return restored


def _seekable(stream: IO[bytes]) -> IO[bytes]:
    return stream if stream.seekable() else io.BytesIO(stream.read(-1))


def _check_release() -> None:
    found = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if found != TORCH_TESTED:
        tested = ".".join(map(str, TORCH_TESTED))
        warnings.warn(
            f"mithril.dcp uses experimental interfaces of torch and was tested with {tested}, not "
            f"with {torch.__version__}: try a restore first",
            stacklevel=3,
        )
