import torch
from torch import nn


class RMSNorm(nn.Module):
    """The weight in float32 as well, cast at the very end."""

    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        h = x.to(torch.float32) if x.dtype in (torch.float16, torch.bfloat16) else x
        ms = torch.einsum("...d,...d->...", h, h) / h.shape[-1]
        return (h * self.weight.to(h.dtype) / torch.sqrt(ms + self.eps)[..., None]).to(x.dtype)
