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

import torch
from jaxtyping import Float
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """One parameter, `weight` of shape (d_model,), which starts at one."""

    def __init__(self, d_model: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        # ✗ self.weight = torch.ones(d_model) — A plain tensor is neither trained, saved nor moved:
        #   register it as a parameter.
        # ✗ self.weight = nn.Parameter(torch.zeros(d_model)) — A scale of zero silences the layer:
        #   start at one.
        # ✗ self.weight = nn.Parameter(torch.ones(1)) — One scale serves all entries: each has its
        #   own.

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        # ✗ wide = x — In half precision the squares overflow or vanish: work in float32.
        # ✗ wide = x.float() — Double precision is thrown away: widen half precision only.
        # ✗ wide = x.float() if x.dtype is torch.float16 else x — The other half precision, bfloat16, has
        #   the range but even fewer digits: widen both.
        mean_square = wide.square().mean(-1, keepdim=True)
        # ✗ mean_square = wide.var(-1, correction=0, keepdim=True) — This subtracts the mean, which
        #   RMSNorm keeps: average the squares as they are.
        # ✗ wide = wide - wide.mean(-1, keepdim=True); mean_square = wide.square().mean(-1, keepdim=True) —
        #   The mean is taken out, as in layer norm: RMSNorm keeps it.
        # ✗ mean_square = wide.square().sum(-1, keepdim=True) — The sum grows with the width:
        #   divide it by the number of entries.
        # ✗ mean_square = wide.square().mean() — One average serves the whole batch: take one for
        #   each vector, over the last axis only.
        # ✗ mean_square = wide.abs().mean(-1, keepdim=True) ** 2 — This is the mean distance from
        #   zero: square first, then average.
        # ✗ mean_square = wide.square().mean(-1, keepdim=True).detach() — The mean square is treated
        #   as a constant, so its part of the gradient is missing: leave it attached.
        y = wide * torch.rsqrt(mean_square + self.eps)
        # ✗ y = wide / (mean_square.sqrt() + self.eps) — The eps stands outside the root, where it is
        #   far weaker and leaves a gradient of NaN at zero: add it to the mean square.
        # ✗ y = x * torch.rsqrt(mean_square + self.eps).to(x.dtype) — One over a small root is too
        #   large for half precision: multiply in float32 and round the result.
        # ✗ y = x / (mean_square + self.eps).sqrt().to(x.dtype) — The root is rounded to half precision,
        #   and the quotient again: divide in float32 and round once, at the end.
        # ✗ y = wide / mean_square.sqrt() — A vector of zeros gives NaN: add eps to the mean square.
        # ✗ y = wide / (mean_square + self.eps) — This divides by the mean square: take its root.
        return y.to(x.dtype) * self.weight
        # ✗ return y * self.weight.float() — The result stays in float32: return what came in.
        # ✗ return y.to(x.dtype) * (1 + self.weight) — The weight starts at one already, so this
        #   doubles the scale: multiply by it as it is.
        # ✗ return y.to(x.dtype) — The learnt scale is never applied: multiply by the weight.
