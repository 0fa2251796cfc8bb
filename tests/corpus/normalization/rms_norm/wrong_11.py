# wrong: bfloat16 is not widened
import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        h = x.float() if x.dtype == torch.float16 else x
        y = h / torch.sqrt(h.square().mean(-1, keepdim=True) + self.eps)
        return (y * self.weight).to(x.dtype)
