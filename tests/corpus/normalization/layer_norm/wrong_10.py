# wrong: the square root of the half-precision variance: the division is not in float32
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        dims = tuple(range(-len(self.normalized_shape), 0))
        h = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        mean = h.mean(dim=dims, keepdim=True)
        centred = h - mean
        var = centred.pow(2).mean(dim=dims, keepdim=True)
        y = centred.to(x.dtype) / torch.sqrt(var + self.eps).to(x.dtype)
        return y.to(x.dtype) * self.weight + self.bias
