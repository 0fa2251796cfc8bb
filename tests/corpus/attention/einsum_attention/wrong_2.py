# wrong: the mask gets an axis for the heads that nobody asked for
import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + (mask.unsqueeze(-3) if mask.dim() > 2 else mask)
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v)
