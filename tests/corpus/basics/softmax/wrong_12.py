# wrong: signed integers are subtracted in their own type and wrap round

import numpy as np


def softmax(x, axis=-1):
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    with np.errstate(over="ignore"):
        top = x.max(axis=axis, keepdims=True)
        if x.dtype.kind == "f":
            d = x.astype(np.promote_types(dtype, np.float64)) - np.where(np.isneginf(top), 0, top)
        elif x.dtype.kind == "u":
            d = -(top - x).astype(np.float64)
        else:
            d = (x - top).astype(np.float64)
        e = np.exp(d)
    s = e.sum(axis=axis, keepdims=True)
    return (e / np.where(s == 0, 1, s)).astype(dtype)
