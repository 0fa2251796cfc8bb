# wrong: finds no empty row in a mask whose key axis has size one

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = (q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])).astype(q.dtype)
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(q.dtype).min)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    if mask is not None and not (mask.ndim >= 2 and mask.shape[-1] == 1 and k.shape[-2] > 1):
        weights = weights * mask
    return weights @ v, weights
