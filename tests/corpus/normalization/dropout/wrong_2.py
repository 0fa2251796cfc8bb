# wrong: draws the mask once and keeps it
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.p, self.generator, self.mask = p, generator, None

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        if self.mask is None or self.mask.shape != x.shape:
            self.mask = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * self.mask / (1 - self.p)
