"""Multi-head self-attention.

Project the tokens to queries, keys and values, let every head attend on its own, join the heads
and project back:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order.

Padding tokens (`padding` is True there, on either side or in between) are never attended to: as
keys they get weight zero. They still ask as queries, so their rows of the output are computed
like any other. In a sequence that is all padding, nothing is left to attend to: every weight is
zero, and the heads are zero before the last projection. No NaN may appear there, in the output or
in a gradient.

The output has the shape and dtype of `x`. There is no dropout.

>>> layer = SelfAttention(d_model=8, n_heads=2)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> padding = torch.tensor([[False, False, True]])
>>> x = torch.ones(1, 3, 8)
>>> x[0, 2] = 100.0  # what stands in the padding does not matter to the others
>>> torch.allclose(layer(x, padding)[0, :2], layer(x[:, :2])[0])
True
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention with einsum."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model=} is not divisible by {n_heads=}")
        self.n_heads = n_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            self.add_module(name, nn.Linear(d_model, d_model))

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from the real tokens of its sequence."""
        d_head = x.shape[-1] // self.n_heads
        q = self.q_proj(x).unflatten(-1, (self.n_heads, d_head))
        k = self.k_proj(x).unflatten(-1, (self.n_heads, d_head))
        v = self.v_proj(x).unflatten(-1, (self.n_heads, d_head))
        scores = torch.einsum("bqhd,bkhd->bhqk", q * d_head**-0.5, k)
        if padding is None:
            weights = torch.softmax(scores, dim=-1)
        else:
            # In a row without any real token nothing is masked in the scores, so that the softmax
            # stays finite; its weights are all set to zero below.
            hidden = padding & ~padding.all(dim=-1, keepdim=True)
            scores = torch.where(hidden[:, None, None, :], float("-inf"), scores)
            weights = torch.softmax(scores, dim=-1)
            weights = torch.where(padding[:, None, None, :], 0.0, weights)
        return self.out_proj(torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(-2))
