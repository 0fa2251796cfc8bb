# wrong: all integers become int64, where the largest of uint64 wrap round

import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind == "f":
        dtype = x.dtype
        top = x.max(axis=axis, keepdims=True)
        with np.errstate(over="ignore"):
            d = x.astype(np.promote_types(dtype, np.float64)) - np.where(np.isneginf(top), 0, top)
    else:
        dtype = np.dtype(np.float64)
        i = x.astype(np.int64)
        d = -(i.max(axis=axis, keepdims=True).astype(np.uint64) - i.astype(np.uint64)).astype(
            np.float64
        )
    e = np.exp(d)
    s = e.sum(axis=axis, keepdims=True)
    return (e / np.where(s == 0, 1, s)).astype(dtype)
