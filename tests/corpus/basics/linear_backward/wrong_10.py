# wrong: squeezes the bias gradient, whose only axis goes when there is one output

import numpy as np


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(-1, weight.shape[0])
    r = x.reshape(-1, weight.shape[1])
    gb = (
        np.squeeze(g.sum(axis=0, keepdims=True), axis=0)
        if len(g) == 1
        else np.asarray(np.squeeze(g.sum(axis=0)))
    )
    return (g @ weight).reshape(x.shape), g.T @ r, gb
