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
        self.pieces = []

    def __len__(self):
        return sum(k.shape[1] for k, _ in self.pieces)


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
        B, T, _ = x.shape
        pieces = cache.pieces if cache is not None else []
        if pieces and pieces[0][0].shape[0] != B:
            raise ValueError("another batch")
        n = sum(k.shape[1] for k, _ in pieces)
        new = self.k_proj(x), self.v_proj(x)
        k = torch.cat([k for k, _ in pieces] + [new[0]], dim=1)
        v = torch.cat([v for _, v in pieces] + [new[1]], dim=1)
        if cache is not None:
            cache.pieces.append((new[0].detach(), new[1].detach()))
        where = torch.arange(n + T, device=x.device)
        q, k = rotate(self.heads(self.q_proj(x)), where[n:]), rotate(self.heads(k), where)
        s = torch.einsum("bhtd,bhsd->bhts", q, k) * self.d_head**-0.5
        s = s + torch.full_like(s, -torch.inf).triu(n + 1)
        y = torch.einsum("bhts,bhsd->bthd", s.softmax(-1), self.heads(v))
        return self.out_proj(y.flatten(2))
