"""Head by head, with slices of the weights."""

import math

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, d_memory, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("n_heads must divide d_model")
        self.h = n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_memory, d_model)
        self.v_proj = nn.Linear(d_memory, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x, memory, padding=None):
        d = self.q_proj.out_features // self.h
        q, k, v = self.q_proj(x), self.k_proj(memory), self.v_proj(memory)
        joined = 0
        for i in range(self.h):
            part = slice(i * d, (i + 1) * d)
            s = torch.bmm(q[..., part], k[..., part].transpose(1, 2)) / math.sqrt(d)
            if padding is None:
                p = s.softmax(-1)
            else:
                hidden = padding.unsqueeze(1)
                p = torch.where(hidden, -math.inf, s).softmax(-1)
                p = torch.where(hidden, 0.0, p)
            joined = joined + torch.bmm(p, v[..., part]) @ self.out_proj.weight[:, part].T
        return joined + self.out_proj.bias
