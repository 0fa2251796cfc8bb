"""Works in float64 and casts back; exponentials multiplied by the mask before the sum."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    dtype = q.dtype
    q, k, v = (a.astype(np.float64) for a in (q, k, v))
    scores = np.matmul(q, k.swapaxes(-2, -1)) / np.sqrt(q.shape[-1])
    allowed = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    top = np.max(scores, axis=-1, keepdims=True, where=allowed, initial=-1e300)
    e = np.exp(np.minimum(scores - top, 0.0)) * allowed
    weights = e / np.maximum(e.sum(-1, keepdims=True), np.finfo(float).tiny)
    return (weights @ v).astype(dtype), weights.astype(dtype)
