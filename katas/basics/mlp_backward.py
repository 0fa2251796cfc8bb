"""Gradients of a two-layer ReLU network with softmax cross-entropy, by hand, in NumPy.

    z = x W₁ᵀ + b₁
    h = max(z, 0)
    logits = h W₂ᵀ + b₂
    loss = −(1/N) Σₙ log softmax(logitsₙ)[targetₙ]

Return the loss and the gradient of the loss with respect to W₁, b₁, W₂ and b₂. A unit whose z is
exactly 0 passes no gradient on. Logits may be in the thousands; loss and gradients are finite all
the same.

There is at least one row, and every target lies in 0 … K − 1. All floating-point arrays are
float64, and each gradient has the shape of what it is the gradient of. Arguments are left as they
are.

>>> x, target = np.array([[1.0, 2.0]]), np.array([1])
>>> w1, b1, w2, b2 = np.ones((3, 2)), np.zeros(3), np.zeros((2, 3)), np.zeros(2)
>>> loss, grads = mlp_backward(x, target, w1, b1, w2, b2)
>>> print(round(loss, 4), grads["b2"])
0.6931 [ 0.5 -0.5]
>>> grads["w2"]
array([[ 1.5,  1.5,  1.5],
       [-1.5, -1.5, -1.5]])
"""

# Of NumPy, PyTorch and einops only this is allowed: numpy.

import numpy as np
from jaxtyping import Float, Int64


def mlp_backward(
    x: Float[np.ndarray, "N d_in"],
    target: Int64[np.ndarray, "N"],
    w1: Float[np.ndarray, "d_hidden d_in"],
    b1: Float[np.ndarray, "d_hidden"],
    w2: Float[np.ndarray, "K d_hidden"],
    b2: Float[np.ndarray, "K"],
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the loss, and the gradients under the names "w1", "b1", "w2" and "b2"."""
    raise NotImplementedError
