# wrong: scales the incoming gradient in place


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(grad_y, x, weight):
    gb = grad_y
    while gb.ndim > 1:
        gb = gb.sum(0)
    gb *= 1.0
    grad_y += 0
    grad_y *= 2
    g = grad_y.reshape(-1, grad_y.shape[-1]) / 2
    return g.reshape(grad_y.shape) @ weight, g.T @ x.reshape(-1, x.shape[-1]), gb
