"""Forward and backward pass of an affine layer, in NumPy.

The layer maps every vector along the last axis of `x`; all axes in front of it, be they several,
one or none, are leading axes and come out as they went in. There is at least one vector.

    y = x Wᵀ + b,    W of shape (d_out, d_in), b of shape (d_out,)

Some loss L is computed from y. Given ∂L/∂y, return ∂L/∂x, ∂L/∂W and ∂L/∂b: sums over all
leading axes where a parameter is shared, with no average, since the loss has averaged already if it
means to. Each gradient has the shape of what it is the gradient of.

All arguments of a call have one floating-point dtype, and so have the results. Arrays may be views;
they are left as they are.

>>> linear_forward(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([5.0]))
array([16.])
>>> grad_x, grad_weight, grad_bias = linear_backward(
...     np.array([10.0]), np.array([1.0, 2.0]), np.array([[3.0, 4.0]])
... )
>>> grad_x, grad_weight, grad_bias
(array([30., 40.]), array([[10., 20.]]), array([10.]))
"""

import numpy as np
from jaxtyping import Float


def linear_forward(
    x: Float[np.ndarray, "*B d_in"],
    weight: Float[np.ndarray, "d_out d_in"],
    bias: Float[np.ndarray, "d_out"],
) -> Float[np.ndarray, "*B d_out"]:
    """Return y."""
    return x @ weight.T + bias
    # ✗ return x @ weight + bias — The weight is (d_out, d_in), one row per output: transpose it.
    # ✗ return x @ weight.T — The bias is left out: add it to every vector.


def linear_backward(
    grad_y: Float[np.ndarray, "*B d_out"],
    x: Float[np.ndarray, "*B d_in"],
    weight: Float[np.ndarray, "d_out d_in"],
) -> tuple[
    Float[np.ndarray, "*B d_in"], Float[np.ndarray, "d_out d_in"], Float[np.ndarray, "d_out"]
]:
    """Return the gradients of `x`, `weight` and `bias`, in this order."""
    grad_x = grad_y @ weight
    # ✗ grad_x = grad_y @ weight.T — Forward went through the transposed weight, so backward goes
    #   through the weight itself: leave the transposition out.
    inputs = x.reshape(-1, x.shape[-1])
    grads = grad_y.reshape(-1, grad_y.shape[-1])
    grad_weight = grads.T @ inputs
    # ✗ grad_weight = inputs.T @ grads — This is the gradient of the transposed weight: put the
    #   outputs first, as the weight does.
    # ✗ grad_weight = (inputs.T @ grads).reshape(weight.shape) — Reshaping gives the right shape
    #   with the numbers in the wrong places: transpose instead.
    # ✗ grad_weight = grads.T @ inputs / len(inputs) — The gradient of a sum over vectors is a sum:
    #   averaging is up to the loss.
    # ✗ grad_weight = grads.T @ inputs / len(x) — Averaging over the first axis is up to the loss:
    #   sum.
    # ✗ grad_weight = np.swapaxes(grad_y, -1, -2) @ x — With several leading axes one gradient per
    #   batch row is left: the weight is shared by all of them, so sum over every leading axis.
    # ✗ grad_weight = grad_y.T @ x — Transposing reverses all axes, and a single vector has none to
    #   reverse: flatten the leading axes into one first.
    grad_bias = grads.sum(axis=0)
    # ✗ grad_bias = grad_y.sum(axis=0) — Only the first axis is summed: the bias is added in every
    #   position, so sum over all leading axes.
    # ✗ grad_bias = grads.mean(axis=0) — The bias gets an average: the gradient of something used
    #   many times is a sum.
    # ✗ grad_bias = grads.sum(axis=0, keepdims=True) — A leading axis of size one is left over: give
    #   the gradient the shape of the bias.
    # ✗ grad_bias = grads.sum(axis=0).squeeze() — With a single output, squeezing takes the only
    #   axis away: leave the sum in the shape of the bias.
    # ✗ grad_bias = grads.sum(axis=0) if grad_y.ndim > 1 else grads.sum() — For a single vector the
    #   sum runs over the outputs: with no leading axes there is nothing to sum.
    # ✗ grad_bias = np.zeros(len(weight)) + grads.sum(axis=0) — Zeros are double precision unless
    #   told otherwise, and so is the sum: keep the dtype of the inputs.
    return grad_x, grad_weight, grad_bias
    # ✗ return grad_weight, grad_x, grad_bias — The order is x, weight, bias.
