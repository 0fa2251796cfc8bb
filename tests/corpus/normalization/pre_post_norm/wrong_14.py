# wrong: puts the sublayer into training mode
from torch import nn


class Residual(nn.Module):
    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.sublayer = sublayer.train()
        self.norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def forward(self, x):
        if self.pre_norm:
            return x + self.dropout(self.sublayer(self.norm(x)))
        return self.norm(x + self.dropout(self.sublayer(x)))


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.blocks = nn.ModuleList(Residual(s, d_model, pre_norm, dropout) for s in sublayers)
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else None

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x if self.final_norm is None else self.final_norm(x)
