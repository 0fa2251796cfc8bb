# wrong: takes a mask of shape (S,) for one over the queries where there are as many

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]).astype(q.dtype)
    if mask is None:
        mask = np.ones((), dtype=bool)
    if mask.ndim == 1 and mask.shape[0] == q.shape[-2]:
        mask = mask[:, None]
    allowed = np.broadcast_to(mask, scores.shape)
    top = np.max(scores, axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    e = np.where(allowed, np.exp(np.where(allowed, scores - top, 0)), 0)
    total = e.sum(axis=-1, keepdims=True)
    weights = (e / np.where(total == 0, 1, total)).astype(q.dtype)
    return weights @ v, weights
