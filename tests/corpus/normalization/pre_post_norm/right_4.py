import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """The mask by hand, the norm by its functional form."""

    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.sublayer, self.pre, self.p = sublayer, pre_norm, dropout
        self.norm = nn.LayerNorm(d_model)

    def _norm(self, x):
        return F.layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias)

    def _drop(self, x):
        if not self.training or not self.p:
            return x
        return x * (torch.rand_like(x) > self.p) / (1 - self.p)

    def forward(self, x):
        y = x + self._drop(self.sublayer(self._norm(x) if self.pre else x))
        return y if self.pre else self._norm(y)


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.blocks = nn.ModuleList(
            Residual(sublayer, d_model, pre_norm, dropout) for sublayer in sublayers
        )
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else nn.Sequential()

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.final_norm(x)
