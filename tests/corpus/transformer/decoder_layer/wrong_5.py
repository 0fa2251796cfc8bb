# wrong: queries and memory have changed places in cross-attention when the lengths agree
import math

import torch
import torch.nn.functional as F
from torch import nn


class DecoderLayer(nn.Module):
    """One einsum attention for both, over the parameters of nn.MultiheadAttention."""

    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.h, self.p, self.pre_norm = n_heads, dropout, pre_norm
        self.self_attention = nn.MultiheadAttention(d_model, n_heads)
        self.cross_attention = nn.MultiheadAttention(d_model, n_heads)
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm_1, self.norm_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.norm_3 = nn.LayerNorm(d_model)

    def drop(self, x):
        return F.dropout(x, self.p, self.training)

    def attend(self, a, x, source, hidden):
        weights, biases = a.in_proj_weight.chunk(3), a.in_proj_bias.chunk(3)
        inputs = (x, source, source)
        q, k, v = (
            F.linear(t, w, b).unflatten(-1, (self.h, -1))
            for t, w, b in zip(inputs, weights, biases)
        )
        s = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        w = s.masked_fill(hidden, float("-inf")).softmax(-1)
        return a.out_proj(torch.einsum("bhqk,bkhd->bqhd", w, v).flatten(2))

    def cross(self, u, memory, away):
        if u.shape == memory.shape:
            u, memory = memory, u
        return self.attend(self.cross_attention, u, memory, away)

    def forward(self, x, memory, padding=None, memory_padding=None):
        at = torch.arange(x.shape[1], device=x.device)
        hidden = (at[None, :] > at[:, None])[None, None]
        if padding is not None:
            hidden = hidden | padding[:, None, None, :]
        if memory_padding is None:
            memory_padding = memory.new_zeros(memory.shape[:2]).bool()
        away = memory_padding[:, None, None, :]
        pre = self.pre_norm
        u = self.norm_1(x) if pre else x
        x = x + self.drop(self.attend(self.self_attention, u, u, hidden))
        x = x if pre else self.norm_1(x)
        u = self.norm_2(x) if pre else x
        x = x + self.drop(self.cross(u, memory, away))
        x = x if pre else self.norm_2(x)
        u = self.norm_3(x) if pre else x
        x = x + self.drop(self.down(F.relu(self.up(u))))
        return x if pre else self.norm_3(x)
