import math

import numpy as np


def mlp_backward(x, target, w1, b1, w2, b2):
    """Row by row."""
    N = x.shape[0]
    g = {"w1": 0 * w1, "b1": 0 * b1, "w2": 0 * w2, "b2": 0 * b2}
    total = 0.0
    for row, t in zip(x, target):
        h = w1 @ row + b1
        on = h > 0
        h = np.where(on, h, 0)
        s = w2 @ h + b2
        s = s - s.max()
        p = np.exp(s)
        total += math.log(p.sum()) - s[t]
        p /= p.sum()
        p[t] -= 1.0
        dz = on * (w2.T @ p)
        g["w2"] += np.outer(p, h) / N
        g["b2"] += p / N
        g["w1"] += np.outer(dz, row) / N
        g["b1"] += dz / N
    return total / N, g
