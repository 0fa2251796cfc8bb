# wrong: looks tables up without the base

import math

import torch

_cache = {}


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError("d_head must be even")
    dtype = torch.promote_types(x.dtype, torch.float32)
    freq = base ** (-torch.arange(0, d, 2, dtype=dtype, device=x.device) / d)
    positions = torch.arange(offset, offset + T, dtype=dtype, device=x.device)
    angles = positions[:, None] * freq
    key = (T, d, offset, dtype, x.device)
    if key not in _cache:
        _cache[key] = (angles.cos(), angles.sin())
    cos, sin = _cache[key]
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v
