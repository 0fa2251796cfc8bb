# wrong: the heads take every n_heads-th feature instead of d_head neighbouring ones
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
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`: d_model to d_model, with bias.

    Raise ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be divisible by n_heads")
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from the real tokens of its sequence."""
        B, T, d_model = x.shape

        def split(t: Tensor) -> Tensor:
            return t.view(B, T, self.d_head, self.n_heads).permute(0, 3, 1, 2)

        q, k, v = split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x))
        scores = q @ k.transpose(-2, -1) / self.d_head**0.5
        if padding is not None:
            mask = padding[:, None, None, :]
            scores = scores.masked_fill(mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=-1)
        if padding is not None:
            weights = weights.masked_fill(mask, 0.0)
        out = (weights @ v).permute(0, 2, 3, 1).reshape(B, T, d_model)
        return self.out_proj(out)
