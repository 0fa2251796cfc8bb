# wrong: empty rows are zero only if the whole mask is hidden
import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    blind = (scores == -math.inf).all()
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v)
