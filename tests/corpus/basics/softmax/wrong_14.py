# wrong: −∞ is replaced by −10⁹ before the maximum is taken, so lower scores vanish

import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind == "f":
        dtype = x.dtype
        out = np.isneginf(x)
        v = np.where(out, -1e9, x.astype(np.promote_types(dtype, np.float64)))
        with np.errstate(over="ignore"):
            d = v - v.max(axis=axis, keepdims=True)
    else:
        dtype, out = np.dtype(np.float64), np.zeros(x.shape, bool)
        u = np.dtype(f"u{x.dtype.itemsize}")
        d = -(x.max(axis=axis, keepdims=True).astype(u) - x.astype(u)).astype(np.float64)
    e = np.where(out, 0, np.exp(d))
    s = e.sum(axis=axis, keepdims=True)
    return (e / np.where(s == 0, 1, s)).astype(dtype)
