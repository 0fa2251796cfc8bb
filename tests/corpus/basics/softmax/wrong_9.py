# wrong: normalises to unit length in place of a sum of one
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    m = x.max(axis, keepdims=True)
    m = np.where(np.isneginf(m), 0, m)
    e = np.exp(x - m)
    s = np.linalg.norm(e, axis=axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
