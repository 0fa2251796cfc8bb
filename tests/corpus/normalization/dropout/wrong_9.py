# wrong: draws in the dtype of x: bfloat16 has 256 steps in [0, 1), so a small p is never met exactly
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p must be in [0, 1]")
        self.p = p
        self.generator = generator

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0.0
        keep = (
            torch.rand(x.shape, generator=self.generator, dtype=x.dtype, device=x.device) >= self.p
        )
        return x * keep / (1 - self.p)
