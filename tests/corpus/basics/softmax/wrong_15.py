# wrong: slices of −∞ only are set to 0 in the argument itself

import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind == "f":
        dtype = x.dtype
        v = np.moveaxis(x, axis, -1).astype(np.promote_types(dtype, np.float64), copy=False)
        empty = np.isneginf(v).all(axis=-1)
        if empty.any():
            v[empty] = 0
        with np.errstate(over="ignore"):
            e = np.exp(v - v.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        if empty.any():
            p[empty] = 0
        return np.moveaxis(p, -1, axis).astype(dtype)
    u = np.dtype(f"u{x.dtype.itemsize}")
    e = np.exp(-(x.max(axis=axis, keepdims=True).astype(u) - x.astype(u)).astype(np.float64))
    return e / e.sum(axis=axis, keepdims=True)
