import torch
from torch import nn


class LayerNorm(nn.Module):
    """Everything in float64, one vector after the other."""

    def __init__(self, normalized_shape: tuple[int, ...], eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.bias = nn.Parameter(torch.zeros(*normalized_shape))
        self.weight = nn.Parameter(torch.ones(*normalized_shape))

    def forward(self, x):
        n = self.weight.numel()
        rows = x.double().reshape(-1, n)
        w, b = self.weight.double().reshape(n), self.bias.double().reshape(n)
        out = []
        for row in rows:
            mu = row.sum() / n
            var = ((row - mu) ** 2).sum() / n
            out.append((row - mu) / (var + self.eps) ** 0.5 * w + b)
        return torch.stack(out).reshape(x.shape).to(x.dtype)
