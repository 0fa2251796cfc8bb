# wrong: hands out the same result arrays again, so a second call overwrites the first's

import numpy as np

_buffers = {}


def _buffer(shape, dtype, name):
    key = name, shape, dtype
    if key not in _buffers:
        _buffers[key] = np.empty(shape, dtype)
    return _buffers[key]


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(-1, weight.shape[0])
    r = x.reshape(-1, weight.shape[1])
    gw = np.matmul(g.T, r, out=_buffer(weight.shape, weight.dtype, "w"))
    gb = np.sum(g, axis=0, out=_buffer(weight.shape[:1], weight.dtype, "b"))
    return grad_y @ weight, gw, gb
