"""Loops over every query."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    B, T, S = q.shape[:-2], q.shape[-2], k.shape[-2]
    if mask is None:
        mask = np.ones((T, S), dtype=bool)
    mask = np.broadcast_to(mask, (*B, T, S))
    weights = np.zeros((*B, T, S), dtype=q.dtype)
    output = np.zeros((*B, T, v.shape[-1]), dtype=q.dtype)
    for b in np.ndindex(*B):
        for t in range(T):
            seen = np.flatnonzero(mask[b][t])
            if not len(seen):
                continue
            s = np.array([np.dot(q[b][t], k[b][j]) for j in seen], dtype=np.float64)
            s /= np.sqrt(q.shape[-1])
            e = np.exp(s - s.max())
            weights[b][t, seen] = e / e.sum()
            output[b][t] = weights[b][t] @ v[b]
    return output, weights
