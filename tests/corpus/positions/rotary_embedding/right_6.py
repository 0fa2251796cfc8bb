# right: rounds finished sines and cosines to half precision

import math

import torch


# the other reading: the tables are worked out in float32 and then cast to x's dtype, as Hugging Face does
def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError("d_head must be even")
    dtype = torch.promote_types(x.dtype, torch.float32)
    freq = base ** (-torch.arange(0, d, 2, dtype=dtype, device=x.device) / d)
    angles = torch.arange(offset, offset + T, dtype=dtype, device=x.device)[:, None] * freq
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v
