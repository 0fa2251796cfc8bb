# right: no vectors at all are not asked for

import numpy as np


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(-1, weight.shape[0])
    r = x.reshape(-1, weight.shape[1])
    gw = np.sum([np.outer(a, b) for a, b in zip(g, r)], axis=0, dtype=x.dtype)
    gb = np.sum([a for a in g], axis=0, dtype=x.dtype)
    return grad_y @ weight, gw, gb
