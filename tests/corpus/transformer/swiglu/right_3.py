import torch
from torch import nn
from torch.nn import functional as F


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)
        self.act = nn.SiLU()

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        out = [self.down_proj(self.act(self.gate_proj(r)) * self.up_proj(r)) for r in rows]
        return torch.stack(out).view(x.shape)
