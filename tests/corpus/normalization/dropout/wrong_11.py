# wrong: a number without axes cannot be drawn for
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}")
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            return x
        kept = torch.rand(*x.shape, generator=self.generator, device=x.device) >= self.p
        if self.p == 1:
            return x * 0
        return x * kept / (1 - self.p)
