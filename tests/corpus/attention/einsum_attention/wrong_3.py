# wrong: renormalises the weights of the sum with a small number, so an empty row costs the others
import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    weights = weights / (weights.sum(-1, keepdim=True) + 1e-4)
    return torch.einsum("...ts,...sv->...tv", weights, v)
