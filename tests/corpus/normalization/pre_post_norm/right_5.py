import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.sublayer = sublayer
        self.norm = nn.LayerNorm([d_model])
        self.rate = dropout
        self.run = self.pre if pre_norm else self.post

    def drop(self, v):
        return nn.functional.dropout(v, self.rate, self.training)

    def pre(self, x):
        return x + self.drop(self.sublayer(self.norm(x)))

    def post(self, x):
        return self.norm(x + self.drop(self.sublayer(x)))

    def forward(self, x):
        return self.run(x)


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.blocks = nn.Sequential(*(Residual(s, d_model, pre_norm, dropout) for s in sublayers))
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else nn.Identity()

    def forward(self, x):
        return self.final_norm(self.blocks(x))
