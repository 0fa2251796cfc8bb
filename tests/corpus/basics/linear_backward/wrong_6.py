# wrong: a batch axis is needed
import numpy as np


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    axes = tuple(range(grad_y.ndim - 1))
    return grad_y @ weight, np.tensordot(grad_y, x, (axes, axes)), grad_y.sum(axes or None)
