import math

import torch
import torch.nn.functional as F
from torch import nn


def grouped_attention(q, k, v, mask=None):
    B, H, T, d = q.shape
    _, K, S, _ = k.shape
    if H % K != 0:
        raise ValueError("uneven groups")
    g = H // K
    rows = q.contiguous().view(B * K, g * T, d)
    keys, values = k.reshape(B * K, S, d), v.reshape(B * K, S, d)
    scores = torch.baddbmm(rows.new_zeros(1, 1, 1), rows, keys.mT, beta=0, alpha=d**-0.5)
    scores = scores.view(B, K, g, T, S)
    if mask is not None:
        allowed = mask[:, None, None]
        scores = scores.masked_fill(allowed.logical_not(), -math.inf)
    weights = scores.softmax(dim=-1)
    if mask is not None:
        weights = torch.where(allowed, weights, torch.zeros_like(weights))
    return torch.bmm(weights.reshape(B * K, g * T, S), values).view(B, H, T, d)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be divisible by n_heads")
        if n_heads % n_kv_heads != 0:
            raise ValueError("n_heads must be divisible by n_kv_heads")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, n_heads * self.d_head, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.out_proj = nn.Linear(n_heads * self.d_head, d_model, bias=False)

    def forward(self, x, padding=None):
        B, T, _ = x.shape
        q = self.q_proj(x).view(B, T, self.n_heads, self.d_head).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)
        mask = torch.tril(torch.ones(T, T, dtype=torch.bool, device=x.device)).expand(B, T, T)
        if padding is not None:
            mask = mask & ~padding.unsqueeze(1)
        out = grouped_attention(q, k, v, mask)
        return self.out_proj(out.transpose(1, 2).reshape(B, T, -1))
