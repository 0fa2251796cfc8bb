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
        self.store = []  # one (2, B, n_heads, d_head) per token

    def __len__(self):
        return len(self.store)


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
        store = [] if cache is None else cache.store
        if store and store[0].shape[1] != x.shape[0]:
            raise ValueError("the cache belongs to another batch")
        n = len(store)
        wide = torch.promote_types(x.dtype, torch.float32)
        now, outputs = list(store), []
        for t in range(x.shape[1]):
            token = x[:, t : t + 1]
            here = torch.tensor([n + t], device=x.device)
            q = rotate(self.heads(self.q_proj(token)), here)[:, :, 0]
            k = rotate(self.heads(self.k_proj(token)), here)[:, :, 0]
            v = self.heads(self.v_proj(token))[:, :, 0]
            now.append(torch.stack([k, v]))
            keys, values = torch.stack(now, dim=3)  # B n_heads n d_head
            w = (q[:, :, None] * keys).sum(-1).to(wide) / math.sqrt(self.d_head)
            w = w.softmax(dim=-1).to(x.dtype)
            outputs.append((w[..., None] * values).sum(2).flatten(1))
        if cache is not None:
            cache.store += [kv.detach() for kv in now[n:]]
        return self.out_proj(torch.stack(outputs, dim=1))
