# wrong: shows the keys of empty rows again by writing into the mask
import math

import torch


def einsum_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        blind = (mask == -math.inf).all(dim=-1, keepdim=True)
        with torch.no_grad():
            mask.masked_fill_(blind.expand_as(mask), 0.0)
        scores = scores + mask
    else:
        blind = torch.zeros_like(scores[..., :1]).bool()
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    return torch.einsum("...ts,...sv->...tv", weights, v)
