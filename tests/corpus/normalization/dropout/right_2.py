import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None) -> None:
        if not (0.0 <= p <= 1.0):
            raise ValueError(p)
        super().__init__()
        self.keep, self.g = 1.0 - p, generator
        self.factor = 1.0 / self.keep if self.keep else 0.0

    def forward(self, x):
        if self.training:
            probabilities = torch.full(x.shape, self.keep, device=x.device, dtype=torch.float32)
            mask = torch.bernoulli(probabilities, generator=self.g).bool()
            return (x * self.factor).masked_fill(~mask, 0)
        return x.clone()
