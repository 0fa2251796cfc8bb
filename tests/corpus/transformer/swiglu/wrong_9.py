# the two-sided sigmoid is stable forward; the branch not taken makes the gradient NaN
import torch
from torch import nn


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        gate = self.gate_proj(x)
        e = torch.exp(gate)
        return self.down_proj(gate * torch.where(gate > 0, 1 / (1 + 1 / e), e / (1 + e)) * self.up_proj(x))
