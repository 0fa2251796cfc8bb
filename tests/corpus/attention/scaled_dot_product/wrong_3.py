# wrong: writes the mask into the scores by index, which needs a mask of the full shape
import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / float(np.sqrt(q.shape[-1]))
    if mask is not None:
        scores[~mask] = -np.inf
    m = scores.max(-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(m), m, 0.0))
    s = e.sum(-1, keepdims=True)
    weights = e / np.where(s == 0, 1.0, s)
    return weights @ v, weights
