# wrong: sums over three leading axes at most

import numpy as np


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    gx = grad_y @ weight
    if x.ndim == 1:
        return gx, np.outer(grad_y, x), grad_y.copy()
    gw = np.swapaxes(grad_y, -1, -2) @ x
    gb = grad_y.sum(axis=-2)
    if x.ndim >= 3:
        gw, gb = gw.sum(axis=0), gb.sum(axis=0)
    if x.ndim >= 4:  # heads
        gw, gb = gw.sum(axis=0), gb.sum(axis=0)
    return gx, gw, gb
