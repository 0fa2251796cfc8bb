import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: tuple[int, ...], eps: float = 1e-5) -> None:
        super().__init__()
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        dims = [-(i + 1) for i in range(len(self.normalized_shape))]
        h = x.float() if x.dtype.itemsize < 4 else x
        mean = h.mean(dims, keepdim=True)
        std = torch.sqrt(h.var(dims, correction=0, keepdim=True) + self.eps)
        scale = self.weight.to(h.dtype) / std
        return (h * scale + (self.bias.to(h.dtype) - mean * scale)).type_as(x)
