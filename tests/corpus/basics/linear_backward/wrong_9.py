# wrong: forward adds the bias per position with a column vector


def linear_forward(x, weight, bias):
    y = x @ weight.T
    if y.ndim == 2 and y.shape[0] == bias.shape[0]:
        return y + bias[:, None]
    return y - bias


def linear_backward(grad_y, x, weight):
    g = grad_y.reshape(-1, grad_y.shape[-1])
    h = x.reshape(-1, x.shape[-1])
    return grad_y @ weight, g.T @ h, -g.sum(0)
