# wrong: makes a mask for all pairs of tokens with every call

import math

import torch
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
        self.k = self.v = None

    def __len__(self):
        return 0 if self.k is None else self.k.shape[2]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("n_heads must divide d_model")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def split(self, x):
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def forward(self, x, cache=None):
        n, T = 0 if cache is None else len(cache), x.shape[1]
        if n and cache.k.shape[0] != x.shape[0]:
            raise ValueError("another batch size")
        positions = torch.arange(n, n + T, device=x.device)
        q = rotate(self.split(self.q_proj(x)), positions)
        k = rotate(self.split(self.k_proj(x)), positions)
        v = self.split(self.v_proj(x))
        if n:
            k, v = torch.cat([cache.k, k], dim=2), torch.cat([cache.v, v], dim=2)
        if cache is not None:
            cache.k, cache.v = k.detach(), v.detach()
        future = torch.ones(n + T, n + T, dtype=torch.bool, device=x.device).triu(1)[n:]
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(future, -torch.inf)
        return self.out_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))
