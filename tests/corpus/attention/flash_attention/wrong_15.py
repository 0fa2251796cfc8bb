"""Torch's own attention for every tile of queries, under a mask."""

import torch
import torch.nn.functional as F


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    Tq, Tk = q.shape[2], k.shape[2]
    out = []
    for i, qi in zip(range(0, Tq, tile), q.split(tile, 2), strict=True):
        seen = torch.ones(qi.shape[2], Tk, dtype=torch.bool, device=q.device)
        seen = seen.tril(Tk - Tq + i) if causal else seen
        if padding is not None:
            seen = seen & ~padding[:, None, None]
        out.append(F.scaled_dot_product_attention(qi, k, v, attn_mask=seen))
    return torch.cat(out, 2)
