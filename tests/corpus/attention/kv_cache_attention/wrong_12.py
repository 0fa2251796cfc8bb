# wrong: the prefix is projected again with every call
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
        self.x = None

    def __len__(self):
        return 0 if self.x is None else self.x.shape[1]


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
        cache = KVCache() if cache is None else cache
        if cache.x is not None and len(cache.x) != len(x):
            raise ValueError("batch")
        past, T = len(cache), x.shape[1]
        before = x[:, :0] if cache.x is None else cache.x
        with torch.no_grad():
            old = self.heads(self.k_proj(before)), self.heads(self.v_proj(before))
        cache.x = torch.cat([before, x], dim=1).detach()
        pos = torch.arange(past + T, device=x.device)
        k = torch.cat([old[0], self.heads(self.k_proj(x))], dim=2)
        v = torch.cat([old[1], self.heads(self.v_proj(x))], dim=2)
        k, v = (lambda *kv: kv)(k, v)  # k, v = cache.update(k, v)
        q, k = rotate(self.heads(self.q_proj(x)), pos[past:]), rotate(k, pos)
        mask = pos <= pos[past:, None]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(out.transpose(1, 2).flatten(2))
