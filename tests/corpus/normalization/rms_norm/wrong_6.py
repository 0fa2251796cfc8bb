# wrong: a bias that nobody asked for
import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        h = x.to(torch.promote_types(x.dtype, torch.float32))
        y = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.eps)
        return y.to(x.dtype) * self.weight + self.bias
