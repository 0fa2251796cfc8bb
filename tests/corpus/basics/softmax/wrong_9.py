# wrong: a float32 sum of squares in place of the sum (normalises to unit length)
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    m = x.max(axis, keepdims=True)
    m = np.where(np.isneginf(m), 0, m)
    e = np.exp(x - m)
    s = np.linalg.norm(e, axis=axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
