
import numpy as np


class _Layer:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, a):
        self.a = a
        return np.dot(a, self.w.T) + self.b

    def back(self, d):
        self.dw = np.tensordot(d, self.a, axes=(0, 0))
        self.db = np.add.reduce(d, axis=0)
        return np.dot(d, self.w)


def _softmax_jacobian_loss(s, t):
    """The long way: Jacobian of a stable log-softmax times the gradient of the mean."""
    n, k = s.shape
    z = s - s.max(1)[:, None]
    lp = z - np.log(np.exp(z).sum(1))[:, None]
    jac = np.eye(k)[None] - np.exp(lp)[:, None, :]
    up = np.zeros((n, k))
    up[np.arange(n), t] = -1 / n
    return (up * lp).sum(), np.einsum("ni,nij->nj", up, jac)


def mlp_backward(x, target, w1, b1, w2, b2):
    one, two = _Layer(w1, b1), _Layer(w2, b2)
    z = one(x)
    loss, d = _softmax_jacobian_loss(two(z * (z > 0)), target)
    one.back(two.back(d) * (z > 0))
    return np.float64(loss), {"w1": one.dw, "b1": one.db, "w2": two.dw, "b2": two.db}
