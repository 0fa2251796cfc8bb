# wrong: without a generator makes one of its own, with a fixed seed, in place of the global one
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p must be in [0, 1]")
        self.p = p
        self.generator = generator or torch.Generator()

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0.0
        keep = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * keep / (1 - self.p)
