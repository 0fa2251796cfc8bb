# wrong: clips the logits against overflow

import numpy as np


def mlp_backward(x, target, w1, b1, w2, b2):
    n = len(x)
    h = np.maximum(0, x @ w1.T + b1)
    s = np.clip(h @ w2.T + b2, -500, 500)
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    loss = -np.log(p[np.arange(n), target]).mean()
    d = p.copy()
    d[np.arange(n), target] -= 1
    d /= n
    dz = (d @ w2) * (h > 0)
    return loss, {"w1": dz.T @ x, "b1": dz.sum(0), "w2": d.T @ h, "b2": d.sum(0)}
