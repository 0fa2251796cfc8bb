# the table that is kept is looked up without the precision: a first float32 call spoils float64
import math

import torch

_cache = {}


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError("d_head must be even")
    work = torch.promote_types(x.dtype, torch.float32)
    key = (T, d, base, offset)
    theta = _cache.get(key)
    freq = base ** (-torch.arange(0, d, 2, dtype=work, device=x.device) / d)
    if theta is None:
        theta = _cache[key] = torch.arange(offset, offset + T, dtype=work, device=x.device)[:, None] * freq
    theta = theta.to(x.device)
    cos, sin = theta.cos().to(work), theta.sin().to(work)
    a, b = x.to(work).chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v
