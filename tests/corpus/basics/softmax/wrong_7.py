# wrong: the maximum is taken before integers are converted, but subtracted before as well
import numpy as np


def softmax(x, axis=-1):
    m = x.max(axis, keepdims=True)
    z = (x - m).astype(x.dtype if x.dtype.kind == "f" else float)
    z = np.where(np.isnan(z), -np.inf, z)
    e = np.exp(z)
    s = e.sum(axis, keepdims=True)
    return e / np.where(s == 0, 1, s)
