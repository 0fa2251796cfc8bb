# wrong: writes into the input while no gradient is recorded
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        dims = tuple(range(-self.weight.dim(), 0))
        h = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        mean = h.mean(dims, keepdim=True)
        var = (h - mean).square().mean(dims, keepdim=True)
        y = (h - mean if torch.is_grad_enabled() else h.sub_(mean)) / torch.sqrt(var + self.eps)
        return (y * self.weight + self.bias).to(x.dtype)
