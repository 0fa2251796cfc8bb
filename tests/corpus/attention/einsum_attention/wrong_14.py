# wrong: lets a one-dimensional mask of -inf spread equal weights

import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    empty = torch.zeros_like(scores[..., :1], dtype=torch.bool)
    if mask is not None and mask.ndim >= 2:
        empty = mask.isneginf().all(dim=-1, keepdim=True)
    elif mask is not None:
        scores = scores.clamp(min=torch.finfo(scores.dtype).min)
    weights = scores.masked_fill(empty, 0.0).softmax(dim=-1).masked_fill(empty, 0.0)
    return torch.einsum("...ts,...sd->...td", weights, v)
