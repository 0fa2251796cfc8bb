import torch
from torch import nn


class Dropout(nn.Module):
    """Element by element where it can be, all at once where it cannot."""

    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            return x
        n = x.numel()
        u = torch.empty(n, device=x.device).uniform_(generator=self.generator)
        scale = 0.0 if self.p == 1 else 1 / (1 - self.p)
        weights = torch.where(u >= self.p, scale, 0.0).to(x.dtype)
        if x.dtype == torch.float64:
            weights = torch.where(u >= self.p, torch.tensor(scale, dtype=x.dtype, device=x.device), 0.0)
        return x * weights.view(x.shape)
