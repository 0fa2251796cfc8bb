import numpy as np


def linear_forward(x, weight, bias):
    flat = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)
    return np.tensordot(flat, np.column_stack([weight, bias]), axes=([-1], [1]))


def linear_backward(grad_y, x, weight):
    axes = list(range(x.ndim - 1))
    ones = np.ones_like(x[..., :1])
    joint = np.tensordot(grad_y, np.concatenate([x, ones], -1), axes=(axes, axes))
    return [np.dot(grad_y, weight), joint[:, :-1], joint[:, -1]]
