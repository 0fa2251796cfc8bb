"""Pairs on an axis of their own, tables cast to the input's precision."""

import math

import torch


def _tables(x, offset, base):
    T, d = x.shape[-2:]
    wide = torch.promote_types(torch.float32, x.dtype)
    inverse = torch.exp(torch.arange(d // 2, dtype=wide, device=x.device) * (-2 * math.log(base) / d))
    angles = torch.arange(offset, offset + T, dtype=wide, device=x.device).unsqueeze(-1) * inverse
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def rotary_embedding(x, offset=0, base=10_000.0):
    if x.shape[-1] % 2:
        raise ValueError("the width must be even")
    cos, sin = _tables(x, offset, base)
    a, b = x.unflatten(-1, (2, -1)).unbind(-2)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-2).flatten(-2)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)
