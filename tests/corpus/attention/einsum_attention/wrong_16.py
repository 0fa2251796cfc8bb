# wrong: lets an empty row of a (T, S) mask under a batch spread equal weights

import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        if 1 < mask.ndim < scores.ndim:
            mask = mask.clamp(min=torch.finfo(mask.dtype).min)
        scores = scores + mask
    empty = (scores == -torch.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(empty, 0.0).softmax(dim=-1).masked_fill(empty, 0.0)
    return torch.einsum("...ts,...sd->...td", weights, v)
