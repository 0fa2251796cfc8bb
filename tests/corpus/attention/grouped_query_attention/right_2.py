import math

import torch
import torch.nn.functional as F
from torch import nn


def attend(q, k, v, mask):
    scores = q @ k.transpose(1, 2) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    top = scores.detach().amax(dim=-1, keepdim=True)
    top = torch.where(top.isinf(), torch.zeros_like(top), top)
    e = torch.exp(scores - top)
    total = e.sum(dim=-1, keepdim=True)
    return e @ v / torch.where(total == 0, torch.ones_like(total), total)


def grouped_attention(q, k, v, mask=None):
    group, rest = divmod(q.shape[1], k.shape[1])
    if rest:
        raise ValueError
    heads = []
    for i in range(q.shape[1]):
        heads.append(attend(q[:, i], k[:, i // group], v[:, i // group], mask))
    return torch.stack(heads, dim=1)


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
