# wrong: flattens with the wrong reshape, so outputs and positions mix


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(grad_y.shape[-1], -1)
    h = x.reshape(-1, x.shape[-1])
    return grad_y @ weight, g @ h, g.sum(1)
