# wrong: hidden scores are −10⁹, which float16 cannot hold
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
        scores = (q @ k.mT) * (q.shape[-1] ** -0.5)
        scores = scores.masked_fill(hidden, -1e9)
        z = torch.einsum("bhqk,bhkd->bhqd", scores.softmax(-1), v)
        return self.out_proj(z.transpose(1, 2).flatten(2))


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.pre_norm, self.p = pre_norm, dropout
        self.self_attention, self.cross_attention = Attention(d_model, n_heads), Attention(
            d_model, n_heads
        )
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        for i in (1, 2, 3):
            setattr(self, f"norm_{i}", nn.LayerNorm(d_model))

    def drop(self, z):
        return F.dropout(z, self.p, self.training)

    def forward(self, x, memory, padding=None, memory_padding=None):
        B, T, _ = x.shape
        S = memory.shape[1]
        i = torch.arange(T, device=x.device)
        hidden = (i[None, :] > i[:, None])[None, None].expand(B, 1, T, T)
        if padding is not None:
            hidden = (
                hidden | padding.view(B, 1, 1, T)
                if padding.is_contiguous()
                else hidden | padding[:, None, None]
            )
        out = (
            torch.zeros(B, 1, 1, S, dtype=torch.bool, device=x.device)
            if memory_padding is None
            else memory_padding[:, None, None]
        )
        h = self.norm_1(x) if self.pre_norm else x
        x = x + self.drop(self.self_attention(h, h, hidden))
        if not self.pre_norm:
            x = self.norm_1(x)
        h = self.norm_2(x) if self.pre_norm else x
        x = x + self.drop(self.cross_attention(h, memory, out))
        if not self.pre_norm:
            x = self.norm_2(x)
        h = self.norm_3(x) if self.pre_norm else x
        x = x + self.drop(self.down(F.relu(self.up(h))))
        return x if self.pre_norm else self.norm_3(x)
