# wrong: the offset is added to the angle, not to the position

import torch


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2], x.shape[-1]
    if d % 2 != 0:
        raise ValueError("d_head must be even")
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    inv_freq = 1.0 / base ** (torch.arange(0, d, 2, device=x.device, dtype=dtype) / d)
    t = torch.arange(T, device=x.device, dtype=dtype)
    freqs = torch.outer(t, inv_freq) + offset
    emb = torch.cat((freqs, freqs), dim=-1)
    half = torch.cat((-x[..., d // 2 :], x[..., : d // 2]), dim=-1)
    return (x * emb.cos() + half * emb.sin()).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)
