import torch
from torch import nn
from torch.nn import functional as F


class Affine(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight.T + self.bias


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.down, self.up = Affine(d_ff, d_model), Affine(d_model, d_ff)

    def forward(self, x):
        h = self.up(x)
        return self.down(torch.where(h > 0, h, torch.zeros_like(h)))
