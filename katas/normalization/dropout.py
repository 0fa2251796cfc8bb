"""Inverted dropout.

In training mode, set each element of x to zero with probability p, independently of all others, and
scale up those that stay, so that the expected value of every element stays what it was:

    y = x · kept / (1 − p),    kept ~ Bernoulli(1 − p)

With p = 1 everything is zero, and no NaN appears in y or in a gradient; zeros that carry no gradient
will do. In evaluation mode, return x as it is, itself or a copy. Every call draws anew. The result has
the shape and dtype of x, which is finite.

All randomness comes from `generator`, which moves on as it is drawn from, so that layers may share it;
None means torch's global one. Evaluation draws nothing.

>>> layer = Dropout(0.75, torch.Generator().manual_seed(0))
>>> layer(torch.ones(1000)).unique()
tensor([0., 4.])
>>> layer.eval()(torch.ones(3))
tensor([1., 1., 1.])
"""

# Not allowed, since it would be the whole exercise: torch.nn.Dropout,
# torch.nn.functional.layer_norm, torch.nn.functional.rms_norm, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Dropout(nn.Module):
    """Nothing to train and nothing to save. Raise ValueError unless 0 ≤ p ≤ 1; p is not NaN."""

    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        raise NotImplementedError
