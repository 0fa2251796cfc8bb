# wrong: subtracts the maximum of the scores before the mask is added
import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = (scores - scores.amax(-1, keepdim=True)).exp() * mask.exp()
        total = scores.sum(-1, keepdim=True)
        weights = scores / torch.where(total > 0, total, 1.0)
        return torch.einsum("...ts,...sv->...tv", weights, v)
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v)
