# wrong: subtracts the log-sum-exp itself: at huge scores the log n in it is rounded away, and weights do not sum to one
import numpy as np


def softmax(x, axis=-1):
    z = x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)
    log_norm = np.logaddexp.reduce(z, axis=axis, keepdims=True)
    log_norm = np.where(np.isneginf(log_norm), 0, log_norm)
    return np.exp(z - log_norm).astype(z.dtype)
