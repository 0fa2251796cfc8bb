# wrong: a module-wide table that is built for the first base and length only

import torch


_table = {}


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2], x.shape[-1]
    if d % 2 != 0:
        raise ValueError("d_head must be even")
    if d not in _table:
        wide = torch.float64
        inv_freq = 1.0 / base ** (torch.arange(0, d, 2, dtype=wide) / d)
        _table[d] = torch.outer(torch.arange(4096, dtype=wide), inv_freq).repeat(1, 2)
    emb = _table[d][offset : offset + T]
    half = torch.cat((-x[..., d // 2 :], x[..., : d // 2]), dim=-1)
    return (x * emb.cos() + half * emb.sin()).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)
