# wrong: the sigmoid's input is limited, so shut gates leak
import torch
from torch import nn


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        return self.down_proj(
            (z := self.gate_proj(x)) * torch.sigmoid(z.clamp(-15, 15)) * self.up_proj(x)
        )
