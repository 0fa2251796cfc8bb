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
        self.kv = None

    def __len__(self):
        return 0 if self.kv is None else self.kv.shape[-2]


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
        kv = getattr(cache, "kv", None)
        if kv is not None and kv.shape[1] != len(x):
            raise ValueError
        offset = 0 if kv is None else kv.shape[-2]
        pos = torch.arange(offset, offset + x.shape[1]).to(x.device)
        k = rotate(self.heads(self.k_proj(x)), pos)
        new = torch.stack([k, self.heads(self.v_proj(x))])
        whole = new if kv is None else torch.cat([kv, new], dim=-2)
        if cache is not None:
            cache.kv = whole.detach().clone()
        q = rotate(self.heads(self.q_proj(x)), pos)
        hidden = torch.ones(x.shape[1], whole.shape[-2], device=x.device).triu(offset + 1).bool()
        out = []
        for h in range(self.n_heads):
            s = (q[:, h] @ whole[0, :, h].mT) / math.sqrt(self.d_head)
            out.append(s.masked_fill(hidden, -torch.inf).softmax(-1) @ whole[1, :, h])
        return self.out_proj(torch.cat(out, dim=-1))
