import math

import torch
import torch.nn.functional as F
from torch import nn


def grouped_attention(q, k, v, mask=None):
    n_heads, n_kv_heads = q.shape[1], k.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError("query heads must be a multiple of key heads")
    g = n_heads // n_kv_heads
    wide = torch.promote_types(q.dtype, torch.float32)
    out = []
    for j in range(g):  # the j-th member of every group at once
        s = torch.einsum("bhtd,bhsd->bhts", q[:, j::g], k).to(wide) / q.shape[-1] ** 0.5
        if mask is not None:
            s = torch.where(mask[:, None], s, -torch.inf)
        w = torch.nan_to_num(s.softmax(-1)) if mask is not None else s.softmax(-1)
        out.append(torch.einsum("bhts,bhsd->bhtd", w.to(v.dtype), v))
    return torch.stack(out, dim=2).flatten(1, 2)


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
        i = torch.arange(T, device=x.device)
        mask = (i[None, :] <= i[:, None]).unsqueeze(0).repeat(B, 1, 1)
        if padding is not None:
            mask = mask.logical_and(padding.logical_not()[:, None, :])
        out = grouped_attention(q, k, v, mask)
        return self.out_proj(out.transpose(1, 2).reshape(B, T, -1))
