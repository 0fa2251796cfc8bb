# wrong: default axis is 0
import numpy as np


def softmax(x, axis=0):
    if x.dtype.kind != "f":
        x = x.astype(float)
    m = x.max(axis, keepdims=True)
    m = np.where(np.isneginf(m), 0, m)
    e = np.exp(x - m)
    s = e.sum(axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
