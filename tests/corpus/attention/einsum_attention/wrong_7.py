# wrong: flattens the leading axes and does not restore them
import math

import torch


def einsum_attention(q, k, v, mask=None):
    q3, k3, v3 = (x.flatten(0, -3) if x.dim() > 3 else x for x in (q, k, v))
    scores = torch.einsum("...td,...sd->...ts", q3, k3) / math.sqrt(q.shape[-1])
    if mask is not None:
        full = mask.expand(*q.shape[:-1], k.shape[-2])
        scores = scores + full.reshape(scores.shape)
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v3)
