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

import torch
from jaxtyping import Float
from torch import Tensor, nn


class BatchNorm(nn.Module):
    """Four tensors of shape (C,) in the `state_dict`, and no more.

    Parameters `weight` and `bias` start at one and zero, buffers `running_mean` and `running_var`
    at zero and one.
    """

    def __init__(self, n_channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        # ✗ self.running_mean = torch.zeros(n_channels) — A plain tensor is neither saved nor moved
        #   with the module: register it as a buffer.
        # ✗ self.running_mean = nn.Parameter(torch.zeros(n_channels), requires_grad=False) — A
        #   parameter is handed to the optimiser and its weight decay: register it as a buffer.
        self.register_buffer("running_var", torch.ones(n_channels))
        # ✗ self.register_buffer("running_var", torch.zeros(n_channels)) — An untrained layer divides
        #   by the root of eps in evaluation: start the variance at one.

    def forward(self, x: Float[Tensor, "B C *space"]) -> Float[Tensor, "B C *space"]:
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = self._observe(x)
        # ✗ if True: mean, var = self._observe(x) — Evaluation uses the batch and moves the running
        #   statistics: look at the module's mode.
        # ✗ if self.training: self._observe(x) — Training normalises with the running statistics: use the
        #   batch's own.
        # ✗ new = self._observe(x); mean, var = new if self.training else (mean, var) — The running
        #   statistics move in evaluation as well: update them in training only.
        shape = (1, -1, *(1 for _ in x.shape[2:]))
        y = (x - mean.view(shape)) * torch.rsqrt(var.view(shape) + self.eps)
        # ✗ y = (x - mean.view(shape)) / (var.view(shape).sqrt() + self.eps) — The eps stands outside
        #   the root, where it is far weaker: add it to the variance.
        # ✗ y = (x - mean.view(shape)) / var.view(shape).sqrt() — Nothing keeps the root from zero, so
        #   a constant channel gives NaN: add eps to the variance.
        # ✗ y = (x - mean.view(shape)) / (var.view(shape) + self.eps) — This divides by the variance:
        #   take its root.
        return y * self.weight.view(shape) + self.bias.view(shape)
        # ✗ return y — The learnt scale and shift are never applied: use both.

    def _observe(self, x: Float[Tensor, "B C *space"]) -> tuple[Tensor, Tensor]:
        n = x.numel() // x.shape[1]
        if n == 1:
            raise ValueError("one value per channel has no variance")
            # ✗ self.running_mean += self.momentum * (x.detach().mean((0, *range(2, x.ndim))) - self.running_mean); raise ValueError —
            #   The batch is refused too late, when the running mean has moved: count the values first.
        # ✗ pass — One value per channel always becomes zero, and its variance is 0/0: refuse it in
        #   training.
        # ✗ if len(x) == 1: raise ValueError — A batch of one image has many values per channel:
        #   count all axes but the channel's.
        axes = (0, *range(2, x.ndim))
        # ✗ axes = (0,) — Every position of an image gets its own statistics: average over the further
        #   axes, too.
        # ✗ axes = tuple(range(2, x.ndim)) or (0,) — The batch is left out, as in instance norm:
        #   average over it as well.
        mean, var = x.mean(axes), x.var(axes, correction=0)
        # ✗ mean, var = x.mean(axes), x.var(axes) — The batch is normalised with the variance over
        #   n − 1: divide by n here.
        # ✗ mean, var = x.mean(axes).detach(), x.var(axes, correction=0).detach() — The statistics are
        #   treated as constants, so part of the gradient is missing: leave them attached.
        # ✗ mean, var = x.mean(axes), (x.square().mean(axes) - x.mean(axes) ** 2).clamp(min=0) — Two
        #   large, nearly equal numbers cancel when the mean is large: average the squares of the
        #   distances from it.
        # ✗ mean, var = x.mean(axes), x.square().mean(axes) — The mean is not taken out of the
        #   variance: square the distances from it.
        with torch.no_grad():
            # ✗ if self.training: — The running statistics hold on to the graph of every batch: update
            #   them without recording.
            self.running_mean += self.momentum * (mean - self.running_mean)
            # ✗ self.running_mean += (1 - self.momentum) * (mean - self.running_mean) — The momentum is
            #   the weight of the new value here: the old one has the rest.
            # ✗ self.running_mean.copy_(mean) — Only the last batch is remembered: move by the momentum.
            # ✗ pass — The mean seen in training is forgotten: update it along with the variance.
            self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
            # ✗ self.running_var += (1 - self.momentum) * (var * n / (n - 1) - self.running_var) — The
            #   momentum weighs the old variance here: it is the weight of the new one.
            # ✗ self.running_var += self.momentum * (var - self.running_var) — The biased variance is
            #   remembered: estimate the population's, with n − 1.
            # ✗ self.running_var += self.momentum * (var * len(x) / max(len(x) - 1, 1) - self.running_var) —
            #   The correction counts examples only: n counts every value of a channel.
            # ✗ self.running_var += self.momentum * ((var * n / (n - 1)).sqrt() - self.running_var) — The
            #   deviation is remembered under the name of the variance: leave out the root.
        return mean, var
