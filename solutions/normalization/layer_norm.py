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

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Parameters `weight` and `bias` of shape `normalized_shape`, which start at one and zero."""

    def __init__(self, normalized_shape: tuple[int, ...], eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        # ✗ self.weight = torch.ones(normalized_shape) — A plain tensor is neither trained, saved nor
        #   moved: register it as a parameter.
        # ✗ self.weight = nn.Parameter(torch.ones(normalized_shape[-1])) — The weight covers the last
        #   axis only: give it an entry for each one of the vector.
        # ✗ self.weight = nn.Parameter(torch.randn(normalized_shape)) — A random scale distorts the
        #   vector before anything is learnt: start at one.
        self.bias = nn.Parameter(torch.zeros(normalized_shape))
        # ✗ self.register_buffer("bias", torch.zeros(normalized_shape)) — A buffer is saved but never
        #   trained: register the bias as a parameter.

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        axes = tuple(range(-self.weight.ndim, 0))
        # ✗ axes = (-1,) — Only the last axis is normalised: average over all axes that the weight
        #   covers.
        # ✗ axes = (0,) — The average runs over the batch, so examples influence each other, as in
        #   batch norm: average within each vector.
        # ✗ axes = tuple(range(1, x.ndim)) — All axes but the first are averaged, which mixes the
        #   tokens of a sequence: take only the axes that the weight covers.
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        # ✗ wide = x — In half precision the squares overflow and digits get lost: work in float32.
        # ✗ wide = x.float() — Double precision is thrown away: widen half precision only.
        # ✗ wide = x.float() if x.dtype is torch.float16 else x — The other half precision, bfloat16, has
        #   the range but even fewer digits: widen both.
        centred = wide - wide.mean(axes, keepdim=True)
        # ✗ centred = wide - x.mean(axes, keepdim=True) — The mean of half precision is rounded to half
        #   precision, which is coarse when it is large: average what was widened.
        # ✗ centred = (x - x.mean(axes, keepdim=True)).to(wide.dtype) — A difference may be larger
        #   than float16 goes: widen before the mean is subtracted.
        # ✗ centred = wide — The mean stays in, which is RMS normalisation: subtract it first.
        # ✗ centred = wide - wide.mean(axes, keepdim=True).detach() — No gradient flows through the
        #   mean: leave it attached.
        variance = centred.square().mean(axes, keepdim=True)
        # ✗ variance = wide.var(axes, keepdim=True) — The variance is divided by n − 1, torch's
        #   default: divide by n.
        # ✗ variance = wide.square().mean(axes, keepdim=True) - wide.mean(axes, keepdim=True) ** 2 —
        #   Two large, nearly equal numbers cancel when the mean is large: average the squares of the
        #   centred values.
        # ✗ variance = centred.square().mean(axes, keepdim=True).detach() — The variance is treated
        #   as a constant, so its part of the gradient is missing: leave it attached.
        y = centred * torch.rsqrt(variance + self.eps)
        # ✗ y = centred / (variance.sqrt() + self.eps) — The eps stands outside the root, where it is
        #   far weaker and leaves an infinite gradient at variance zero: add it to the variance.
        # ✗ y = centred / variance.sqrt() — Nothing keeps the root from zero, so constant vectors
        #   give NaN: add eps to the variance.
        # ✗ y = centred / (variance + self.eps) — This divides by the variance: take its root.
        # ✗ y = centred * torch.rsqrt(variance + 1e-5) — The argument eps has no effect: use it.
        return (y * self.weight + self.bias).to(x.dtype)
        # ✗ return (y * self.weight).to(x.dtype) — The shift is missing: add the bias.
        # ✗ return y.to(x.dtype) — The learnt scale and shift are never applied: use both.
        # ✗ return ((y + self.bias) * self.weight).to(x.dtype) — The shift is scaled as well: multiply
        #   by the weight first, then add the bias.
        # ✗ return (y * (1 + self.weight) + self.bias).to(x.dtype) — The weight starts at one already,
        #   so this doubles the scale: multiply by it as it is.
        # ✗ return (y.float() * self.weight.float() + self.bias.float()) — The result stays in
        #   float32: return what came in.
