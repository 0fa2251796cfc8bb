# wrong: lets a mask that hides whole sequences spread equal weights

import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        if mask.ndim >= 2 and mask.shape[-2] == 1 and q.shape[-2] > 1:
            mask = mask.clamp(min=torch.finfo(mask.dtype).min)
        scores = scores + mask
    empty = (scores == -torch.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(empty, 0.0).softmax(dim=-1).masked_fill(empty, 0.0)
    return torch.einsum("...ts,...sd->...td", weights, v)
