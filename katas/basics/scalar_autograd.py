"""Reverse-mode automatic differentiation of scalars.

A `Value` wraps a number, and arithmetic on Values makes new Values that remember how they came
about:

    >>> a, b = Value(2.0), Value(-3.0)
    >>> c = a * b + a**2
    >>> c.data
    -2.0
    >>> c.backward()
    >>> a.grad, b.grad
    (1.0, 2.0)

Supported are + − × / between Values, and between a Value and a plain number on either side; unary
minus; ** with a plain number as exponent; and the methods `exp`, `tanh` and `relu`. No operation
changes its operands, and each makes a new Value, + 0 and × 1 too. With that, Python's own `sum`
works as well:

    >>> sum([Value(1.0), Value(4.0)]).data
    5.0

`y.backward()` sets `grad` to ∂y/∂v for every Value v that y depends on, y itself and everything in
between included. What stood there before does not matter: calling it again gives the same
gradients. The `grad` of all other Values stays as it is; it starts at 0.0.

A Value may be used any number of times, also within one operation. A graph may be several thousand
operations deep, deeper than Python's functions may call each other unless told otherwise, and
backward takes one step per operation, however many paths lead through it.

Edges: relu has slope 0 at 0. x ** 0 is 1 with slope 0, at x = 0 too. tanh is finite for any
number. What is undefined for real numbers, such as 1 / 0 or the slope of x ** 0.5 at 0, may raise,
at once or in backward.
"""

# Of NumPy, PyTorch and einops only this is allowed: numpy.

from __future__ import annotations


class Value:
    """A number `data` and its gradient `grad`: floats, or ints where only ints came in."""

    def __init__(self, data: float) -> None:
        raise NotImplementedError

    def backward(self) -> None:
        """Set the gradient of this Value in everything it depends on."""
        raise NotImplementedError

    def __add__(self, other: Value | float) -> Value:
        raise NotImplementedError

    def __mul__(self, other: Value | float) -> Value:
        raise NotImplementedError

    def __pow__(self, exponent: float) -> Value:
        raise NotImplementedError

    def __neg__(self) -> Value:
        raise NotImplementedError

    def __sub__(self, other: Value | float) -> Value:
        raise NotImplementedError

    def __truediv__(self, other: Value | float) -> Value:
        raise NotImplementedError

    def __radd__(self, other: float) -> Value:
        raise NotImplementedError

    def __rmul__(self, other: float) -> Value:
        raise NotImplementedError

    def __rsub__(self, other: float) -> Value:
        raise NotImplementedError

    def __rtruediv__(self, other: float) -> Value:
        raise NotImplementedError

    def exp(self) -> Value:
        """Return e to this power."""
        raise NotImplementedError

    def tanh(self) -> Value:
        """Return the hyperbolic tangent."""
        raise NotImplementedError

    def relu(self) -> Value:
        """Return this number if it is positive, else 0."""
        raise NotImplementedError
