import numpy as np


def softmax(x, axis=-1):
    kind = x.dtype if x.dtype.kind == "f" else np.dtype("float64")
    x = np.moveaxis(x.astype("float64"), axis, -1)
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        if row.max() > -np.inf:
            e = np.exp(row - row.max())
            out[index] = e / e.sum()
    return np.moveaxis(out, -1, axis).astype(kind)
