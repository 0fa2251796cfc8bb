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


def masked_softmax(scores: Tensor, allowed: Tensor) -> Tensor:
    """Softmax over the last axis among the allowed; all zero where nothing is allowed."""
    if scores.numel() == 0:
        return scores
    low = torch.finfo(scores.dtype).min
    top = scores.detach().masked_fill(~allowed, low).amax(dim=-1, keepdim=True)
    top = torch.where(allowed.any(dim=-1, keepdim=True), top, 0.0)
    # The difference is filled before exp, so that no inf * 0 arises in the gradient.
    powers = (scores - top).masked_fill(~allowed, -1.0).exp() * allowed
    total = powers.sum(dim=-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1.0)


class Heads(nn.Module):
    """Split into heads and join again; holds no parameters."""

    def __init__(self, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads

    def split(self, t: Tensor) -> Tensor:
        return torch.stack(t.chunk(self.n_heads, dim=-1), dim=1)

    def join(self, t: Tensor) -> Tensor:
        return torch.cat(t.unbind(dim=1), dim=-1)


class SelfAttention(nn.Module):
    """Self-attention whose scores, softmax and sums are computed in float64."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model has to be a multiple of n_heads")
        self.heads = Heads(n_heads)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (
            nn.Linear(d_model, d_model) for _ in range(4)
        )

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from the real tokens of its sequence."""
        if padding is None:
            padding = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        q = self.heads.split(self.q_proj(x)).double()
        k = self.heads.split(self.k_proj(x)).double()
        v = self.heads.split(self.v_proj(x)).double()
        scores = q @ k.mT / q.shape[-1] ** 0.5
        allowed = ~padding[:, None, None, :].expand_as(scores)
        heads = masked_softmax(scores, allowed) @ v
        return self.out_proj(self.heads.join(heads).to(x.dtype))
