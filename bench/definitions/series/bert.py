"""The encoder of all-MiniLM-L6-v2 (BERT, 6 layers of width 384) in plain torch.

Parameters are named as in the published file, so that they load by name and are saved in the same
layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 384
HEADS = 12
LAYERS = 6
INNER = 1536
VOCABULARY = 30_522
CONTEXT = 512
EPSILON = 1e-12


def _module(**parts: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict(parts)


def _norm() -> nn.LayerNorm:
    return nn.LayerNorm(WIDTH, eps=EPSILON)


def _layer() -> nn.ModuleDict:
    heads = _module(
        query=nn.Linear(WIDTH, WIDTH), key=nn.Linear(WIDTH, WIDTH), value=nn.Linear(WIDTH, WIDTH)
    )
    mixed = _module(dense=nn.Linear(WIDTH, WIDTH), LayerNorm=_norm())
    return _module(
        attention=nn.ModuleDict({"self": heads, "output": mixed}),
        intermediate=_module(dense=nn.Linear(WIDTH, INNER)),
        output=_module(dense=nn.Linear(INNER, WIDTH), LayerNorm=_norm()),
    )


class Bert(nn.Module):
    """Token ids in, one normalised vector a text out (mean of the last layer)."""

    def __init__(self, file: Path) -> None:
        """Load the published weights; every name must fit."""
        super().__init__()
        self.embeddings = _module(
            word_embeddings=nn.Embedding(VOCABULARY, WIDTH),
            position_embeddings=nn.Embedding(CONTEXT, WIDTH),
            token_type_embeddings=nn.Embedding(2, WIDTH),
            LayerNorm=_norm(),
        )
        self.encoder = _module(layer=nn.ModuleList(_layer() for _ in range(LAYERS)))
        self.pooler = _module(dense=nn.Linear(WIDTH, WIDTH))
        weights = load_file(file)
        weights.pop("embeddings.position_ids", None)
        self.load_state_dict(weights)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the vectors of ``ids``; in ``mask``, of the same shape, 1 is a token."""
        parts = self.embeddings
        x = parts["word_embeddings"](ids) + parts["token_type_embeddings"].weight[0]
        x = parts["LayerNorm"](x + parts["position_embeddings"].weight[: ids.shape[1]])
        for layer in self.encoder["layer"]:
            x = _forward(layer, x, mask)
        kept = mask.unsqueeze(2).to(x.dtype)
        return functional.normalize((x * kept).sum(1) / kept.sum(1), dim=1)


def _forward(layer: nn.ModuleDict, x: Tensor, mask: Tensor) -> Tensor:
    batch, length, _ = x.shape
    heads = layer["attention"]["self"]
    q, k, v = (
        heads[name](x).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
        for name in ("query", "key", "value")
    )
    seen = mask.bool()[:, None, None, :]
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    mixed = mixed.transpose(1, 2).reshape(batch, length, WIDTH)
    after = layer["attention"]["output"]
    x = after["LayerNorm"](x + after["dense"](mixed))
    inner = functional.gelu(layer["intermediate"]["dense"](x))
    return layer["output"]["LayerNorm"](x + layer["output"]["dense"](inner))
