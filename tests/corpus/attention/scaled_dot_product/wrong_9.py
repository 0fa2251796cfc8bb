# wrong: shows empty rows all keys by writing into the mask it was given
import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / float(np.sqrt(q.shape[-1]))
    dead = np.zeros(scores.shape[:-1] + (1,), bool)
    if mask is not None:
        dead = ~mask.any(-1, keepdims=True)
        if dead.any():
            mask |= dead
        scores = np.where(mask, scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = np.where(dead, 0.0, e / e.sum(-1, keepdims=True)).astype(q.dtype)
    return weights @ v, weights
