# wrong: accumulates in double precision
import numpy as np


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(-1, grad_y.shape[-1])
    h = x.reshape(-1, x.shape[-1])
    gw = np.zeros(weight.shape)
    for a, b in zip(g, h):
        gw += np.outer(a, b)
    return grad_y @ weight, gw, g.sum(0)
