import math

import torch
import torch.nn.functional as F
from torch import nn


def rotate(x, positions):
    d_head = x.shape[-1]
    dtype = torch.promote_types(x.dtype, torch.float32)
    even = torch.arange(0, d_head, 2, dtype=dtype, device=x.device)
    angles = positions[:, None] * 10_000.0 ** (-even / d_head)
    cos, sin = angles.cos(), angles.sin()
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1).to(x.dtype)


class KVCache:
    def __init__(self):
        self.keys = None
        self.values = None

    def __len__(self):
        return 0 if self.keys is None else self.keys.size(2)

    def update(self, k, v):
        if self.keys is not None:
            if self.keys.size(0) != k.size(0):
                raise ValueError("batch size differs from the cache's")
            k = torch.cat((self.keys, k), dim=2)
            v = torch.cat((self.values, v), dim=2)
        self.keys = k.detach()
        self.values = v.detach()
        return k, v


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be divisible by n_heads")
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def heads(self, x):
        B, T, _ = x.shape
        return x.view(B, T, self.n_heads, self.d_head).transpose(1, 2)

    def forward(self, x, cache=None):
        if cache is None:
            cache = KVCache()
        B, T, d_model = x.shape
        past = len(cache)
        pos = torch.arange(past, past + T, device=x.device)
        q = rotate(self.heads(self.q_proj(x)), pos)
        k = rotate(self.heads(self.k_proj(x)), pos)
        v = self.heads(self.v_proj(x))
        k, v = cache.update(k, v)
        mask = torch.ones(T, past + T, dtype=torch.bool, device=x.device).tril(diagonal=past)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(out.transpose(1, 2).reshape(B, T, d_model))
