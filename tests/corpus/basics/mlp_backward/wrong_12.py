# wrong: the dict of gradients is a default argument, which all calls share

import numpy as np


def mlp_backward(x, target, w1, b1, w2, b2, grads={}):
    n = len(x)
    z = x @ w1.T + b1
    h = np.maximum(z, 0)
    logits = h @ w2.T + b2
    s = logits - logits.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    d = np.exp(logp)
    d[np.arange(n), target] -= 1
    d /= n
    dz = (d @ w2) * (z > 0)
    grads["w1"], grads["b1"] = dz.T @ x, dz.sum(0)
    grads["w2"], grads["b2"] = d.T @ h, d.sum(0)
    return float(-logp[np.arange(n), target].mean()), grads
