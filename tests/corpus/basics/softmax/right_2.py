import numpy as np


def softmax(x, axis=-1):
    if x.dtype.kind in "iub":
        x = x.astype(float)
    with np.errstate(all="ignore"):
        m = np.amax(x, axis, keepdims=True)
        e = np.exp(x - m)
        return np.nan_to_num(e / np.sum(e, axis, keepdims=True), nan=0.0)
