# wrong: drops by the sublayer's mode
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    def __init__(self, sublayer, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.add_module("sublayer", sublayer)
        self.add_module("norm", nn.LayerNorm((d_model,), eps=1e-5, elementwise_affine=True))
        self.p, self.before = dropout, bool(pre_norm)

    def forward(self, x):
        before, after = (self.norm, lambda z: z) if self.before else ((lambda z: z), self.norm)
        return after(
            F.dropout(self.sublayer(before(x)), p=self.p, training=self.sublayer.training).add(x)
        )


class ResidualStack(nn.Module):
    def __init__(self, sublayers, d_model, pre_norm, dropout=0.0):
        super().__init__()
        self.blocks = nn.Sequential(
            *[Residual(s, d_model, pre_norm, dropout=dropout) for s in sublayers]
        )
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else nn.Identity()

    def forward(self, x):
        return self.final_norm(self.blocks(x))
