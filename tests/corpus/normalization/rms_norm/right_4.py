import torch
from torch import nn


class RMSNorm(nn.Module):
    """By the Euclidean norm of the vector with one more entry, √(d·eps)."""

    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.extra = (d_model * eps) ** 0.5
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        h = x.to(torch.promote_types(x.dtype, torch.float32))
        longer = torch.cat([h, torch.full_like(h[..., :1], self.extra)], dim=-1)
        rms = torch.linalg.vector_norm(longer, dim=-1, keepdim=True) / x.shape[-1] ** 0.5
        return ((h / rms) * self.weight).to(x.dtype)
