# wrong: subtracts the mean, which still overflows
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    m = np.where(np.isfinite(x), x, 0).mean(axis=axis, keepdims=True, dtype=x.dtype)
    e = np.exp(x - m)
    s = e.sum(axis=axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
