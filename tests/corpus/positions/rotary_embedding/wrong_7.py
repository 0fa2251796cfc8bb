# wrong: detaches the rotated tensors by numpy

import torch


import numpy as np


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2], x.shape[-1]
    if d % 2 != 0:
        raise ValueError("d_head must be even")
    a = x.detach().double().numpy()
    angles = np.outer(np.arange(offset, offset + T), base ** (-np.arange(0, d, 2) / d))
    left, right = a[..., : d // 2], a[..., d // 2 :]
    c, s = np.cos(angles), np.sin(angles)
    y = np.concatenate([left * c - right * s, right * c + left * s], -1)
    return torch.from_numpy(y).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    q = rotary_embedding(q, offset, base)
    k = rotary_embedding(k, 0, base)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)
