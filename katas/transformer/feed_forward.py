"""The position-wise feed-forward network of a Transformer.

Widen every token, cut off what is negative, and come back to the model's width:

    y = max(0, x W₁ᵀ + b₁) W₂ᵀ + b₂

Each token is treated alike and on its own; any axes may stand in front of the last one. There is no
dropout, no norm and no residual connection here. The result has the shape and dtype of x.

>>> FeedForward(d_model=4, d_ff=16)(torch.zeros(2, 3, 4)).shape
torch.Size([2, 3, 4])
"""

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FeedForward(nn.Module):
    """Linear layers with bias: `up` from d_model to d_ff, `down` from d_ff to d_model."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        raise NotImplementedError
