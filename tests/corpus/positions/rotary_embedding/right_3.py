"""Position by position, with a rotation matrix for each pair."""

import math

import torch


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    h = d // 2
    if h * 2 != d:
        raise ValueError("pairs")
    rows = []
    for t in range(T):
        row = [None] * d
        for i in range(h):
            angle = (offset + t) * base ** (-2 * i / d)
            c, s = math.cos(angle), math.sin(angle)
            row[i] = x[..., t, i] * c - x[..., t, i + h] * s
            row[i + h] = x[..., t, i + h] * c + x[..., t, i] * s
        rows.append(torch.stack(row, dim=-1))
    return torch.stack(rows, dim=-2)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    # Only distances matter: turn the keys back instead of the queries forward.
    q = rotary_embedding(q, 0, base)
    k = rotary_embedding(k, -offset, base)
    s = q @ k.transpose(-1, -2) / math.sqrt(k.shape[-1])
    w = torch.exp(s - s.amax(-1, keepdim=True))
    return (w / w.sum(-1, keepdim=True)) @ v
