"""Layer normalization.

Give every vector mean zero and variance one, then scale and shift each of its entries:

    y = (x − mean) / √(variance + eps) · weight + bias

A "vector" is all that `normalized_shape` covers: the last axes of x, taken together. With
normalized_shape (3, 4) each 3 × 4 block has one mean and one variance. Any axes may stand in front,
or none. The variance is the mean squared distance from the mean: it divides by n, not by n − 1.

The result has the shape and dtype of x. If x is float16 or bfloat16 (parameters too), the mean, the
variance and the division are worked out in float32, since squares overflow there. The mean may also
be a thousand times larger than the deviation.

>>> layer = LayerNorm((4,))
>>> layer(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
tensor([[-1.3416, -0.4472,  0.4472,  1.3416]], grad_fn=<AddBackward0>)
>>> LayerNorm((3, 4))(torch.ones(2, 5, 3, 4)).shape
torch.Size([2, 5, 3, 4])
"""

# Not allowed, since it would be the whole exercise: torch.nn.functional.layer_norm,
# torch.nn.functional.rms_norm, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Parameters `weight` and `bias` of shape `normalized_shape`, which start at one and zero."""

    def __init__(self, normalized_shape: tuple[int, ...], eps: float = 1e-5) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        raise NotImplementedError
