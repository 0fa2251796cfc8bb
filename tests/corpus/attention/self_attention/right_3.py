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
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`: d_model to d_model, with bias."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model is not divisible by n_heads")
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """Loop over the sequences and heads; only the real tokens are keys at all."""
        queries, keys, values = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        joined = torch.zeros_like(queries)
        for b in range(x.shape[0]):
            real = slice(None) if padding is None else ~padding[b]
            for start in range(0, x.shape[2], self.d_head):
                part = slice(start, start + self.d_head)
                k = keys[b, :, part][real]
                v = values[b, :, part][real]
                if k.shape[0] == 0:
                    continue
                scores = queries[b, :, part] @ k.T / self.d_head**0.5
                joined[b, :, part] = torch.softmax(scores, dim=-1) @ v
        return self.out_proj(joined)
