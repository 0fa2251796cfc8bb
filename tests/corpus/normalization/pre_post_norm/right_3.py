import torch
from torch import nn
from torch.nn import functional as F


class _Pre(nn.Module):
    def forward(self, x, sublayer, norm, drop):
        return drop(sublayer(norm(x))) + x


class _Post(nn.Module):
    def forward(self, x, sublayer, norm, drop):
        return norm(drop(sublayer(x)) + x)


class Residual(nn.Module):
    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.order = _Pre() if pre_norm else _Post()
        self.sublayer, self.norm = sublayer, nn.LayerNorm(d_model, eps=1e-5)
        self.drop = nn.Dropout(p=dropout)

    def forward(self, x):
        return self.order(x, self.sublayer, self.norm, self.drop)


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.blocks = nn.ModuleList()
        for sublayer in sublayers:
            self.blocks.append(Residual(sublayer, d_model, pre_norm, dropout))
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else nn.Identity()

    def forward(self, x):
        for i in range(len(self.blocks)):
            x = self.blocks[i].forward(x)
        return self.final_norm(x)
