import torch
from torch import nn


class RMSNorm(nn.Module):
    """As in LLaMA's code."""

    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        if x.dtype == torch.float64:
            return self._norm(x) * self.weight
        return self._norm(x.float()).type_as(x) * self.weight
