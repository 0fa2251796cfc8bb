# right: dtypes that are not asked for come out as float64

import numpy as np


def softmax(x, axis=-1):
    dtype = x.dtype if x.dtype in (np.float16, np.float32) else np.dtype(np.float64)
    if x.dtype.kind == "f":
        top = x.max(axis=axis, keepdims=True)
        with np.errstate(over="ignore"):
            d = (
                x.astype(np.promote_types(x.dtype, np.float64)) - np.where(np.isneginf(top), 0, top)
            ).astype(np.float64)
    else:
        u = np.dtype(f"u{x.dtype.itemsize}")
        d = -(x.max(axis=axis, keepdims=True).astype(u) - x.astype(u)).astype(np.float64)
    e = np.exp(d)
    s = e.sum(axis=axis, keepdims=True)
    return (e / np.where(s == 0, 1, s)).astype(dtype)
