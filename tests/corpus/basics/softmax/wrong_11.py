# wrong: subtracts the log-sum-exp itself, in which the log n of large scores is rounded away
import numpy as np


def softmax(x, axis=-1):
    """In logs: exp(x − logsumexp(x))."""
    if not np.issubdtype(x.dtype, np.floating):
        x = np.asarray(x, dtype=np.float64)
    m = np.max(x, axis=axis, keepdims=True)
    m = np.maximum(m, np.finfo(x.dtype).min)
    with np.errstate(divide="ignore"):
        log_sum = m + np.log(np.exp(x - m).sum(axis=axis, keepdims=True))
    log_sum = np.where(np.isfinite(log_sum), log_sum, x.dtype.type(0))
    return np.exp((x - m) - (log_sum - m) if False else x - log_sum)
