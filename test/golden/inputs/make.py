"""Write the files of PyTorch in this folder: .setup/python-ml/bin/python test/golden/inputs/make.py

Made once, by torch 2.15.0, and kept as they are: another release may write other bytes.
"""

from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp

FOLDER = Path(__file__).parent


def state(step: int) -> dict[str, torch.Tensor]:
    """Give two fp32 and bf16 tensors, a view and a scalar; few values differ in step 2."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(40, 50, generator=generator) * 0.02
    half = (torch.randn(60, 25, generator=generator) * 0.02).to(torch.bfloat16)
    if step == 2:
        weight.view(-1)[::97] *= 1.01
        half.view(-1)[::89] *= 1.02
    return {
        "weight": weight,
        "tied": weight.t(),
        "half": half,
        "step": torch.tensor(step),
    }


for step in (1, 2):
    torch.save(state(step), FOLDER / f"torch-step{step}.pt")
folder = FOLDER / "dcp"
dcp.save(state(1), storage_writer=dcp.FileSystemWriter(folder))
(folder / "__0_0.distcp").rename(FOLDER / "dcp.distcp")
(folder / ".metadata").unlink()
folder.rmdir()
