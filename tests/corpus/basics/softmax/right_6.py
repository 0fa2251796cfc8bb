# right: one slice at a time, in plain numbers

import math

import numpy as np


def softmax(x, axis=-1):
    """One line at a time, plain Python numbers (exact integers)."""
    integer = x.dtype.kind not in "f"
    out = np.empty(x.shape, np.float64 if integer else x.dtype)
    src, dst = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    for where in np.ndindex(*src.shape[:-1]):
        line = src[where]
        values = line.tolist() if line.dtype.itemsize <= 8 else list(line)
        top = max(values)
        if top == -math.inf:
            dst[where] = 0
            continue
        if line.dtype.itemsize <= 8:
            e = [math.exp(max(v - top, -1e6)) for v in values]
            total = math.fsum(e)
        else:
            e = [np.exp(v - top) for v in values]
            total = sum(e)
        dst[where] = [v / total for v in e]
    return out
