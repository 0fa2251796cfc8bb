# wrong: hidden scores are lowered by a thousand
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.h = n_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * d_model, d_model))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d_model))
        self.out_proj = nn.Linear(d_model, d_model)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x, context, hidden):
        wq, wk, wv = self.in_proj_weight.chunk(3)
        bq, bk, bv = self.in_proj_bias.chunk(3)
        split = lambda z: z.unflatten(-1, (self.h, -1)).transpose(1, 2)
        q, k, v = (
            split(F.linear(x, wq, bq)),
            split(F.linear(context, wk, bk)),
            split(F.linear(context, wv, bv)),
        )
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / q.shape[-1] ** 0.5
        if hidden is not None:
            scores = scores - 1e3 * hidden[:, None]
        z = scores.softmax(-1) @ v
        return self.out_proj(z.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.attention = Attention(d_model, n_heads)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1, self.norm_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.dropout_1, self.dropout_2 = nn.Dropout(dropout), nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def forward(self, x, mask=None, padding=None):
        parts = [
            m
            for m in (
                None if mask is None else mask[None],
                None if padding is None else padding[:, None],
            )
            if m is not None
        ]
        hidden = None
        for part in parts:
            hidden = part if hidden is None else torch.logical_or(hidden, part)
        n = self.norm_1(x) if self.pre_norm else x
        x = x + self.dropout_1(self.attention(n, n, hidden))
        x = x if self.pre_norm else self.norm_1(x)
        n = self.norm_2(x) if self.pre_norm else x
        x = x + self.dropout_2(self.down(self.up(n).clamp(min=0)))
        return x if self.pre_norm else self.norm_2(x)
