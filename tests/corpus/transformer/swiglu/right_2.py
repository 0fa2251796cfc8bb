import torch
from torch import nn
from torch.nn import functional as F


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        """Gate and value in one product."""
        both = torch.cat([self.gate_proj.weight, self.up_proj.weight])
        gate, value = F.linear(x, both).chunk(2, dim=-1)
        return F.silu(gate).mul(value) @ self.down_proj.weight.T
