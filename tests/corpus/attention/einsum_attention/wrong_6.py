# wrong: scales the queries in place
import math

import torch


def einsum_attention(q, k, v, mask=None):
    q.data /= math.sqrt(q.shape[-1])
    scores = torch.einsum("...td,...sd->...ts", q, k)
    if mask is not None:
        scores = scores + mask
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v)
