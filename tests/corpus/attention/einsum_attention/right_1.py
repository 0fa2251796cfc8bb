"""Matrix products, and a repaired mask."""

import torch


def einsum_attention(q, k, v, mask=None):
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    if mask is None:
        return scores.softmax(-1) @ v
    dead = mask.isneginf().all(-1, keepdim=True).expand(*scores.shape[:-1], 1)
    if mask.shape[-1] == 1:
        dead = mask.isneginf().expand(*scores.shape[:-1], 1)
    safe = torch.where(dead, torch.zeros_like(scores), scores + mask)
    return torch.where(dead, 0.0, safe.softmax(-1) @ v)
