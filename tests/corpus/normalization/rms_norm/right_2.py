import torch
from torch import nn


class RMSNorm(nn.Module):
    """In float64 throughout, with a loop."""

    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.d, self.eps = d_model, eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        rows = x.double().reshape(-1, self.d)
        out = [row / (row @ row / self.d + self.eps) ** 0.5 * self.weight.double() for row in rows]
        return torch.stack(out).reshape(x.shape).to(x.dtype)
