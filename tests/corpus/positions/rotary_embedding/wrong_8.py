# wrong: rotates only the first half of the features (partial rotary)

import torch


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2], x.shape[-1]
    if d % 2 != 0:
        raise ValueError("d_head must be even")
    wide = torch.promote_types(x.dtype, torch.float32)
    turn, rest = x[..., : d // 2], x[..., d // 2 :]
    r = d // 4 * 2
    turn, rest = x[..., :r], x[..., r:]
    inv = base ** (-torch.arange(0, r, 2, device=x.device, dtype=wide) / max(r, 1))
    angles = (torch.arange(T, device=x.device, dtype=wide) + offset)[:, None] * inv
    a, b = turn[..., : r // 2], turn[..., r // 2 :]
    c, s = angles.cos(), angles.sin()
    return torch.cat([a * c - b * s, b * c + a * s, rest], -1).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)
