# wrong: scores are scaled by the width of the model
import math

import torch
import torch.nn.functional as F
from torch import nn


class EncoderLayer(nn.Module):
    """Attention written out over the parameters of nn.MultiheadAttention."""

    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.h, self.p, self.pre_norm = n_heads, dropout, pre_norm
        self.attention = nn.MultiheadAttention(d_model, n_heads)
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm_1, self.norm_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def drop(self, x):
        return F.dropout(x, self.p, self.training)

    def attend(self, x, hidden):
        a = self.attention
        qkv = F.linear(x, a.in_proj_weight, a.in_proj_bias)
        q, k, v = qkv.unflatten(-1, (3, self.h, -1)).unbind(-3)
        s = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(x.shape[-1])
        w = s.masked_fill(hidden, float("-inf")).softmax(-1)
        return a.out_proj(torch.einsum("bhqk,bkhd->bqhd", w, v).flatten(2))

    def forward(self, x, mask=None, padding=None):
        B, T, _ = x.shape
        hidden = torch.zeros(B, 1, T, T, dtype=torch.bool, device=x.device)
        if mask is not None:
            hidden = hidden | mask
        if padding is not None:
            hidden = hidden | padding[:, None, None, :]
        branches = [
            (self.norm_1, lambda t: self.attend(t, hidden)),
            (self.norm_2, lambda t: self.down(F.relu(self.up(t)))),
        ]
        for norm, f in branches:
            x = x + self.drop(f(norm(x))) if self.pre_norm else norm(x + self.drop(f(x)))
        return x
