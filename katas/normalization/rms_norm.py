"""Root mean square normalization.

Divide every vector by the root of its mean square, then scale each of its entries:

    y = x / √(mean(x²) + eps) · weight

The mean runs over the last axis of x; any axes may stand in front, or none. Nothing is subtracted,
and there is no bias. The result has the shape and dtype of x. If x is float16 or bfloat16 (the
weight too), the mean square and the division are worked out in float32, since squares overflow and
underflow there.

>>> RMSNorm(2)(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
tensor([[0.8485, 1.1314],
        [0.0000, 0.0000]], grad_fn=<MulBackward0>)
"""

# Not allowed, since it would be the whole exercise: torch.nn.functional.normalize,
# torch.nn.functional.layer_norm, torch.nn.functional.rms_norm, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """One parameter, `weight` of shape (d_model,), which starts at one."""

    def __init__(self, d_model: int, eps: float = 1e-6) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        raise NotImplementedError
