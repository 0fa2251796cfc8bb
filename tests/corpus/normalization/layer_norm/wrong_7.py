# wrong: parameters named gamma and beta
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.dims = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(normalized_shape))
        self.beta = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        h = x.to(torch.promote_types(x.dtype, torch.float32))
        c = h - h.mean(self.dims, keepdim=True)
        y = c / (c.pow(2).mean(self.dims, keepdim=True) + self.eps).sqrt()
        return (y * self.gamma + self.beta).to(x.dtype)
