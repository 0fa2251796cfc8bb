# wrong: makes the default mask on the CPU

import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is None:
        mask = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype)
    if mask is not None:
        scores = scores + mask
    empty = (scores == -torch.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(empty, 0.0).softmax(dim=-1).masked_fill(empty, 0.0)
    return torch.einsum("...ts,...sd->...td", weights, v)
