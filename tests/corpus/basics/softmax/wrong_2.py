# wrong: clips the scores so that exp cannot overflow
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    e = np.exp(np.clip(x, -80, 80)) * np.isfinite(x)
    s = e.sum(axis=axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
