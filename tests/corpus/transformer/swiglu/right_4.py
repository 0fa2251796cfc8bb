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
        """The sigmoid by its tanh, which never overflows."""
        z = torch.einsum("...i,oi->...o", x, self.gate_proj.weight)
        value = torch.einsum("...i,oi->...o", x, self.up_proj.weight)
        hidden = z * 0.5 * (1 + torch.tanh(z / 2)) * value
        return torch.einsum("...h,oh->...o", hidden, self.down_proj.weight)
