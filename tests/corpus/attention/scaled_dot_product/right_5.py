# right: lets NaN arise inside and overwrites it

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    # NaN comes up inside (with numpy's warning) but never leaves
    s = np.matmul(q, np.moveaxis(k, -1, -2)) / q.dtype.type(q.shape[-1] ** 0.5)
    if mask is not None:
        s = np.where(mask, s, q.dtype.type(-np.inf))
    e = np.exp(s - s.max(-1, keepdims=True))
    w = e / e.sum(-1, keepdims=True)
    w = np.where(np.isnan(w), q.dtype.type(0), w)
    return np.matmul(w, v), w
