# wrong: the loss is read from the probabilities after one was subtracted in place

import numpy as np


def mlp_backward(x, target, w1, b1, w2, b2):
    n = len(x)
    h = np.maximum(0, x @ w1.T + b1)
    s = h @ w2.T + b2
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d = p
    d[np.arange(n), target] -= 1
    with np.errstate(all="ignore"):
        loss = -np.log(np.abs(p[np.arange(n), target])).mean()
    d /= n
    dz = (d @ w2) * (h > 0)
    return loss, {"w1": dz.T @ x, "b1": dz.sum(0), "w2": d.T @ h, "b2": d.sum(0)}
