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
    """Buffers that double; only the first `length` places are filled."""

    def __init__(self):
        self.length = 0
        self.k = self.v = None

    def __len__(self):
        return self.length

    def _room(self, like, n):
        size = 16
        while size < n:
            size *= 2
        return like.new_empty(like.shape[0], like.shape[1], size, like.shape[3])

    @torch.no_grad()
    def store(self, k, v):
        end = self.length + k.shape[2]
        if self.k is None or end > self.k.shape[2]:
            new_k, new_v = self._room(k, end), self._room(v, end)
            if self.k is not None:
                new_k[:, :, : self.length] = self.k[:, :, : self.length]
                new_v[:, :, : self.length] = self.v[:, :, : self.length]
            self.k, self.v = new_k, new_v
        self.k[:, :, self.length : end] = k
        self.v[:, :, self.length : end] = v
        self.length = end


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
        B, T, D = x.shape
        past = 0 if cache is None else len(cache)
        if past and cache.k.shape[0] != B:
            raise ValueError(f"cache is for {cache.k.shape[0]} sequences, got {B}")
        pos = past + torch.arange(T, device=x.device)
        q, k = rotate(self.heads(self.q_proj(x)), pos), rotate(self.heads(self.k_proj(x)), pos)
        v = self.heads(self.v_proj(x))
        if past:
            all_k = torch.cat([cache.k[:, :, :past], k], 2)
            all_v = torch.cat([cache.v[:, :, :past], v], 2)
        else:
            all_k, all_v = k, v
        if cache is not None:
            cache.store(k, v)
        if T == 1:
            out = F.scaled_dot_product_attention(q, all_k, all_v)
        elif not past:
            out = F.scaled_dot_product_attention(q, all_k, all_v, is_causal=True)
        else:
            keys = torch.arange(past + T, device=x.device)
            out = F.scaled_dot_product_attention(q, all_k, all_v, attn_mask=keys[None] <= pos[:, None])
        return self.out_proj(out.transpose(1, 2).flatten(2))
