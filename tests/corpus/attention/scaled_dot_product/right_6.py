# right: masked arrays and long double inside

import numpy as np


def _softmax(s, ok):
    s = np.ma.masked_array(s, ~ok)
    e = np.exp((s - s.max(-1, keepdims=True)).filled(-np.inf))
    e[~ok] = 0
    z = e.sum(-1, keepdims=True)
    return np.divide(e, z, where=z != 0, out=np.zeros_like(e))


def scaled_dot_product_attention(q, k, v, mask=None):
    wide = np.longdouble
    s = np.einsum("...td,...sd->...ts", q.astype(wide), k.astype(wide)) / np.sqrt(wide(q.shape[-1]))
    ok = np.ones(s.shape, bool) & (True if mask is None else mask)
    w = _softmax(s, ok)
    return np.einsum("...ts,...sd->...td", w, v.astype(wide)).astype(q.dtype), w.astype(q.dtype)
