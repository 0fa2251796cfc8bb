# wrong: a view of vectors that need not lie in one piece
from math import prod

import torch
from torch import nn


class LayerNorm(nn.Module):
    """Flattened, everything in at least float32, centred by einsum; the affine part in the dtype of x."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.shape, self.eps = tuple(normalized_shape), eps
        self.weight = nn.Parameter(torch.empty(self.shape).fill_(1.0))
        self.bias = nn.Parameter(torch.empty(self.shape).fill_(0.0))

    def forward(self, x):
        n = prod(self.shape)
        lead = x.shape[: x.dim() - len(self.shape)]
        flat = x.view(*lead, n).to(torch.promote_types(x.dtype, torch.float32))
        flat = flat - flat.mean(-1, keepdim=True)
        var = torch.einsum("...i,...i->...", flat, flat) / n
        y = flat * torch.rsqrt(var + self.eps).unsqueeze(-1)
        return torch.addcmul(self.bias, y.to(x.dtype).reshape(x.shape), self.weight)
