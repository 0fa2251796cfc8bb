import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm((d_model,))
        self.sublayer = sublayer
        self.p = dropout
        before, after = (self.norm, self._same) if pre_norm else (self._same, self.norm)
        self.ends = [lambda x: before(x), lambda x: after(x)]

    @staticmethod
    def _same(x):
        return x

    def forward(self, x):
        branch = self.sublayer(self.ends[0](x))
        return self.ends[1](x + F.dropout(branch, self.p, self.training))


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        blocks = [Residual(s, d_model, pre_norm=pre_norm, dropout=dropout) for s in sublayers]
        self.blocks = nn.Sequential(*blocks)
        if pre_norm:
            self.final_norm = nn.LayerNorm(d_model)

    def forward(self, x):
        x = self.blocks(x)
        return self.final_norm(x) if hasattr(self, "final_norm") else x
