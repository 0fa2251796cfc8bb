# wrong: std with its default correction
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.dims = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        dtype = x.dtype
        x = x.float() if dtype in (torch.half, torch.bfloat16) else x
        mean, std = x.mean(self.dims, keepdim=True), x.std(self.dims, keepdim=True)
        y = (x - mean) / torch.sqrt(std**2 + self.eps)
        return (self.weight * y + self.bias).to(dtype)
