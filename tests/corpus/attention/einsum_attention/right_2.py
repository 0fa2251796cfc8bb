"""Flattens the leading axes and uses bmm."""

import math

import torch


def einsum_attention(q, k, v, mask=None):
    B = q.shape[:-2]
    T, S = q.shape[-2], k.shape[-2]
    n = math.prod(B)
    flat = [x.reshape(n, *x.shape[-2:]) for x in (q, k, v)]
    scores = torch.bmm(flat[0], flat[1].mT) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask.expand(*B, T, S).reshape(n, T, S)
    top = scores.detach().amax(-1, keepdim=True)
    top = torch.where(top == -math.inf, torch.zeros_like(top), top)
    e = torch.exp(scores - top)
    total = e.sum(-1, keepdim=True)
    weights = e / torch.where(total == 0, torch.ones_like(total), total)
    return torch.bmm(weights, flat[2]).reshape(*B, T, v.shape[-1])
