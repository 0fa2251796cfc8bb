# wrong: torch's seed from the generator's, once
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.p = p
        if generator is not None:
            torch.manual_seed(generator.initial_seed())

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        return x * (torch.rand(x.shape, device=x.device) >= self.p) / (1 - self.p)
