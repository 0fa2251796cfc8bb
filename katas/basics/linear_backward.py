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

# Of NumPy, PyTorch and einops only this is allowed: numpy.

import numpy as np
from jaxtyping import Float


def linear_forward(
    x: Float[np.ndarray, "*B d_in"],
    weight: Float[np.ndarray, "d_out d_in"],
    bias: Float[np.ndarray, "d_out"],
) -> Float[np.ndarray, "*B d_out"]:
    """Return y."""
    raise NotImplementedError


def linear_backward(
    grad_y: Float[np.ndarray, "*B d_out"],
    x: Float[np.ndarray, "*B d_in"],
    weight: Float[np.ndarray, "d_out d_in"],
) -> tuple[
    Float[np.ndarray, "*B d_in"], Float[np.ndarray, "d_out d_in"], Float[np.ndarray, "d_out"]
]:
    """Return the gradients of `x`, `weight` and `bias`, in this order."""
    raise NotImplementedError
