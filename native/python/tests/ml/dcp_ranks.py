"""What each process of the resharding test does."""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from mithril.dcp import MithrilStorageReader, MithrilStorageWriter

SHAPE = (8, 6)


def whole() -> torch.Tensor:
    return torch.arange(48.0).reshape(SHAPE)


def join(rank: int, folder: str, size: int) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store-{size}", size)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size)


def write_half(rank: int, folder: str) -> None:
    join(rank, folder, 2)
    mesh = init_device_mesh("cpu", (2,))
    tensor = distribute_tensor(whole(), mesh, [Shard(0)])
    dcp.save({"w": tensor}, storage_writer=MithrilStorageWriter(folder))
    dist.destroy_process_group()


def read_columns(rank: int, folder: str) -> None:
    join(rank, folder, 3)
    mesh = init_device_mesh("cpu", (3,))
    tensor = distribute_tensor(torch.zeros(SHAPE), mesh, [Shard(1)])
    dcp.load({"w": tensor}, storage_reader=MithrilStorageReader(folder))
    assert isinstance(tensor, DTensor)
    expected = whole()[:, rank * 2 : rank * 2 + 2]
    assert torch.equal(tensor.to_local(), expected), (rank, tensor.to_local())
    dist.destroy_process_group()
