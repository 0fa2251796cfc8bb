"""In logs, with the lowest finite number as a mask and the weights cleaned afterwards."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    axes = (*range(k.ndim - 2), k.ndim - 1, k.ndim - 2)
    scores = q @ k.transpose(axes) * float(q.shape[-1]) ** -0.5
    if mask is not None:
        scores = scores.copy()
        np.putmask(scores, ~np.broadcast_to(mask, scores.shape), np.finfo(scores.dtype).min)
    logsum = np.logaddexp.reduce(scores, axis=-1, keepdims=True)
    weights = np.exp(scores - logsum)
    if mask is not None:
        weights *= mask
    return weights @ v, weights
