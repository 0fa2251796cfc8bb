# wrong: replaces −∞ by −10⁹, so a slice of −∞ only gets equal weights
import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind != "f":
        x = x.astype(float)
    x = np.maximum(x, x.dtype.type(-1e9))
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)
