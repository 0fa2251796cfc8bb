# wrong: looks for rows of -inf only in masks with an axis of all keys

import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        scores = scores + mask.clamp(min=torch.finfo(mask.dtype).min / 2)
        weights = scores.softmax(dim=-1)
        if mask.ndim and mask.shape[-1] == k.shape[-2]:
            weights = weights.masked_fill(mask.isneginf().all(dim=-1, keepdim=True), 0.0)
    return torch.einsum("...ts,...sd->...td", weights, v)
