# wrong: shows empty rows all keys by writing into the mask it was given

import math

import torch
from torch import nn


def grouped_attention(q, k, v, mask=None):
    n_heads, n_kv_heads = q.shape[1], k.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError("n_kv_heads must divide n_heads")
    q = q.unflatten(1, (n_kv_heads, n_heads // n_kv_heads))
    scores = torch.einsum("bkgtd,bksd->bkgts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        empty = ~mask.any(dim=-1)
        mask[empty] = True
        hide = ~mask[:, None, None]
        empty = empty[:, None, None, :, None]
        scores = scores.masked_fill(hide & ~empty, -torch.inf)
        weights = scores.softmax(dim=-1).masked_fill(empty, 0.0)
    else:
        weights = scores.softmax(dim=-1)
    return torch.einsum("bkgts,bksd->bkgtd", weights, v).flatten(1, 2)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("the heads do not fit")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        d_kv = d_model // n_heads * n_kv_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_kv, bias=False)
        self.v_proj = nn.Linear(d_model, d_kv, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, padding=None):
        B, T, _ = x.shape
        q = self.q_proj(x).view(B, T, self.n_heads, -1).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.n_kv_heads, -1).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.n_kv_heads, -1).transpose(1, 2)
        mask = torch.ones(T, T, dtype=torch.bool, device=x.device).tril().expand(B, T, T)
        if padding is not None:
            mask = mask & ~padding[:, None, :]
        return self.out_proj(grouped_attention(q, k, v, mask).transpose(1, 2).reshape(B, T, -1))
