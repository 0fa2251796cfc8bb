# wrong: works in place
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    m = x.max(axis=axis, keepdims=True)
    m[np.isneginf(m)] = 0
    x -= m
    np.exp(x, out=x)
    s = x.sum(axis=axis, keepdims=True)
    s[s == 0] = 1
    x /= s
    return x
