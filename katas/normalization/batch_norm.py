"""Batch normalization, with running statistics.

Give every channel mean zero and variance one, then scale and shift it:

    y = (x − mean) / √(var + eps) · weight + bias

Axis 1 of x is the channel: x is (B, C) or has any further axes, as in (B, C, H, W). Each channel has
its own mean, variance, weight and bias.

- In training mode, mean and var are those of the channel in this batch, over all other axes. This
  variance divides by n, the number of values per channel. Gradients flow through both. Each of the
  running statistics moves towards what the batch shows:

      running ← (1 − momentum) · running + momentum · new

  where the new variance divides by n − 1. If n is one, raise ValueError and move neither.
- In evaluation mode, mean and var are the running ones, which stay as they are.

The running statistics are buffers and carry no gradient. Everything has the dtype of x, which is
float32 or float64. The mean may be a thousand times larger than the deviation.

>>> layer = BatchNorm(2)
>>> layer(torch.tensor([[1.0, 5.0], [3.0, 9.0]]))
tensor([[-1.0000, -1.0000],
        [ 1.0000,  1.0000]], grad_fn=<AddBackward0>)
>>> layer.running_mean, layer.running_var
(tensor([0.2000, 0.7000]), tensor([1.1000, 1.7000]))
>>> layer.eval()(torch.zeros(1, 2, 4, 3)).shape
torch.Size([1, 2, 4, 3])
"""

# Not allowed, since it would be the whole exercise: torch.nn.functional.batch_norm,
# torch.nn.functional.layer_norm, torch.nn.functional.rms_norm, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class BatchNorm(nn.Module):
    """Four tensors of shape (C,) in the `state_dict`, and no more.

    Parameters `weight` and `bias` start at one and zero, buffers `running_mean` and `running_var`
    at zero and one.
    """

    def __init__(self, n_channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "B C *space"]) -> Float[Tensor, "B C *space"]:
        raise NotImplementedError
