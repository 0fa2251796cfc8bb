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
    rows = np.arange(len(x))
    z = x @ w1.T + b1
    h = np.maximum(z, 0)
    logits = h @ w2.T + b2
    # ✗ logits = z @ w2.T + b2 — The ReLU is left out on the way forward: the second layer takes h.
    shifted = logits - logits.max(axis=1, keepdims=True)
    # ✗ shifted = logits — The exponential of a large logit overflows: subtract each row's maximum
    #   first.
    # ✗ shifted = logits - logits.max() — With one maximum for all rows, rows of low logits
    #   underflow to zero: subtract each row's own.
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    # ✗ e = np.exp(shifted); log_probs = np.log(e / e.sum(axis=1, keepdims=True)) — The probability
    #   of an unlikely class underflows and its logarithm is −∞: take the logarithm of the sum only.
    # ✗ e = np.exp(shifted); log_probs = np.log(e / e.sum(axis=1, keepdims=True) + 1e-12) — An ε
    #   under the logarithm caps the loss: take the logarithm of the sum only.
    loss = -log_probs[rows, target].mean()
    # ✗ loss = -log_probs[rows, target].sum() — The loss is a sum over the rows: divide by N.
    # ✗ loss = -log_probs.mean() — All classes count as right: pick each row's target.
    grad_logits = np.exp(log_probs)
    # ✗ grad_logits = np.exp(log_probs) * (1 - np.exp(log_probs)) — This is a derivative of the
    #   softmax alone: softmax and logarithm together have the gradient probabilities minus one-hot.
    grad_logits[rows, target] -= 1
    # ✗ pass — The target never enters: subtract one from its probability.
    # ✗ grad_logits[rows, target] -= 1; grad_logits *= -1 — The sign is wrong, so a step would raise
    #   the loss: it is probabilities minus one-hot.
    # ✗ grad_logits[:, target] -= 1 — This subtracts from every row in the columns of all targets:
    #   index rows and columns in pairs.
    grad_logits /= len(x)
    # ✗ pass — The loss is a mean and its gradient is not: divide by N.
    # ✗ grad_logits /= logits.size — The mean runs over rows, not over rows and classes: divide by
    #   N.
    grad_h = grad_logits @ w2
    grad_z = grad_h * (z > 0)
    # ✗ grad_z = grad_h — The ReLU lets the gradient through only where it let the input through:
    #   multiply by its mask.
    # ✗ grad_z = np.maximum(grad_h, 0) — The ReLU is applied to the gradient: what counts is the
    #   sign of its input on the way forward.
    # ✗ grad_z = grad_h * h — The slope of the ReLU is zero or one, not its output: multiply by the
    #   mask.
    # ✗ grad_z = grad_h * (z >= 0) — A unit at exactly zero passes gradient on: it is off there.
    # ✗ grad_z = grad_h * (x @ w1.T > 0) — The mask is taken before the bias is added: the ReLU's
    #   input includes it.
    return float(loss), {
        "w1": grad_z.T @ x,
        "b1": grad_z.sum(axis=0),
        "w2": grad_logits.T @ h,
        "b2": grad_logits.sum(axis=0),
    }
    # ✗ return float(loss), {"w1": grad_z.T @ x, "b1": grad_z.sum(axis=0), "w2": grad_logits.T @ z,
    #   "b2": grad_logits.sum(axis=0)} — The second layer saw h, not z: its weight's gradient is
    #   made of what went in.
    # ✗ return float(loss), {"w1": grad_z.T @ x, "b1": grad_z.mean(axis=0), "w2": grad_logits.T @ h,
    #   "b2": grad_logits.mean(axis=0)} — The division by N happens twice for the biases: sum.
    # ✗ return float(loss), {"w1": x.T @ grad_z, "b1": grad_z.sum(axis=0), "w2": h.T @ grad_logits,
    #   "b2": grad_logits.sum(axis=0)} — These are the gradients of the transposed weights: give
    #   them the shape of the weights.
