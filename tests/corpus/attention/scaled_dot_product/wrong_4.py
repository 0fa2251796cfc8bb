# wrong: clips the scores instead of subtracting the maximum
import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / float(np.sqrt(q.shape[-1]))
    e = np.exp(np.clip(scores, -500, 500))
    if mask is not None:
        e = np.where(mask, e, 0.0)
    s = e.sum(-1, keepdims=True)
    weights = e / np.where(s == 0, 1.0, s)
    return weights @ v, weights
