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
        bias = (
            None
            if hidden is None
            else torch.zeros(hidden.shape, dtype=q.dtype, device=q.device).masked_fill(
                hidden, float("-inf")
            )[:, None]
        )
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.out_proj(z.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """A factor that is zero or 1/(1-p) as dropout; relu as (z + |z|) / 2."""

    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.attention = Attention(d_model, n_heads)
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm_1, self.norm_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.order, self.rate = ("pre" if pre_norm else "post"), dropout

    def around(self, x, norm, sublayer):
        z = sublayer(norm(x) if self.order == "pre" else x)
        if self.training and self.rate:
            z = z * torch.bernoulli(torch.full_like(z, 1 - self.rate)) / (1 - self.rate)
        return x + z if self.order == "pre" else norm(x + z)

    def forward(self, x, mask=None, padding=None):
        B, T = x.shape[:2]
        hidden = torch.zeros((B, T, T), dtype=torch.bool, device=x.device)
        if mask is not None:
            hidden |= mask
        if padding is not None:
            hidden |= padding.unsqueeze(1)

        def ff(z):
            z = self.up(z)
            return self.down((z + z.abs()) / 2)

        x = self.around(x, self.norm_1, lambda z: self.attention(z, z, hidden))
        return self.around(x, self.norm_2, ff)
