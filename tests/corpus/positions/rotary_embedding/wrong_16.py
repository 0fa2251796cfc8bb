# wrong: a table of 32768 positions

import math

import torch


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError("d_head must be even")
    dtype = torch.promote_types(x.dtype, torch.float32)
    freq = base ** (-torch.arange(0, d, 2, dtype=dtype, device=x.device) / d)
    positions = torch.arange(32768, dtype=dtype, device=x.device)[offset : offset + T]
    angles = positions[:, None] * freq
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v
