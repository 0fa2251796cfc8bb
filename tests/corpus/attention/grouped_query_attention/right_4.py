import math

import torch
import torch.nn.functional as F
from torch import nn


def grouped_attention(q, k, v, mask=None):
    B, H, T, d = q.shape
    K, S = k.shape[1], k.shape[2]
    if H % K:
        raise ValueError(f"{H} heads over {K}")
    q5 = q.reshape(B, K, H // K, T, d) / d**0.5
    scores = torch.einsum("bkgtd,bksd->bktgs", q5, k)
    if mask is None:
        return torch.einsum("bktgs,bksd->bkgtd", scores.softmax(-1), v).reshape(B, H, T, d)
    seen = mask[:, None, :, None, :]
    nobody = ~seen.any(-1, keepdim=True)
    scores = scores.masked_fill(~seen & ~nobody, -torch.inf)
    weights = scores.softmax(-1) * (~nobody).to(scores.dtype)
    return torch.einsum("bktgs,bksd->bkgtd", weights, v).reshape(B, H, T, d)


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
        q, k, v = (
            torch.stack(y.split(self.d_head, dim=-1), dim=1)
            for y in (self.q_proj(x), self.k_proj(x), self.v_proj(x))
        )
        mask = torch.tril(torch.ones(T, T, dtype=torch.bool, device=x.device)).expand(B, T, T)
        if padding is not None:
            mask = mask & ~padding.unsqueeze(1)
        out = grouped_attention(q, k, v, mask)
        return self.out_proj(out.transpose(1, 2).reshape(B, T, -1))
