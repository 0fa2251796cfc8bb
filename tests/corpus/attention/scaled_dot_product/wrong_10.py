# wrong: finds empty rows only in masks with two axes or more

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = (q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])).astype(q.dtype)
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(q.dtype).min)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    if mask is not None and mask.ndim >= 2:
        weights = np.where(mask.any(axis=-1, keepdims=True), weights, 0).astype(q.dtype)
    return weights @ v, weights
