import numpy as np


def softmax(x, axis=-1):
    x = x if x.dtype.kind == "f" else x * 1.0 if x.dtype.itemsize == 8 else x.astype("f8")
    y = np.swapaxes(x, axis, 0)
    top = np.maximum.reduce(y)
    top = np.where(np.isfinite(top), top, x.dtype.type(0))
    e = np.exp(y - top)
    s = np.add.reduce(e)
    out = np.divide(e, s, out=np.zeros_like(e), where=np.broadcast_to(s > 0, e.shape))
    return np.swapaxes(out, 0, axis)
