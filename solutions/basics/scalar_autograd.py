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

from __future__ import annotations

import math


class Value:
    """A number `data` and its gradient `grad`: floats, or ints where only ints came in."""

    def __init__(self, data: float) -> None:
        self.data = float(data)
        self.grad = 0.0
        self._inputs: tuple[tuple[Value, float], ...] = ()  # each with the slope towards it

    def backward(self) -> None:
        """Set the gradient of this Value in everything it depends on."""
        order = self._order()
        for node in order:
            node.grad = 0.0
        # ✗ pass — Gradients of an earlier pass are still there, and count twice in the next: set
        #   them to zero first.
        self.grad = 1.0
        # ✗ self.grad = 1.0 if self._inputs else 0.0 — Backward from a Value that no operation made
        #   does nothing: its own gradient is 1 as well.
        for node in reversed(order):
            # ✗ for node in order: — A Value passes its gradient on before it has one: go from the
            #   result back to the inputs.
            for value, slope in node._inputs:
                value.grad += slope * node.grad
                # ✗ value.grad = slope * node.grad — Where a Value is used twice, the last use
                #   overwrites the others: add them up.
                # ✗ value.grad += slope — The chain rule is missing: multiply by the gradient that
                #   arrives.
                # ✗ if value.grad == 0: value.grad = slope * node.grad — Only the first use of a
                #   Value counts: add up all of them.

    def _order(self) -> list[Value]:
        """Return all that this Value depends on, each after its own inputs, itself last."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, inputs_done = stack.pop()
            if inputs_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((value, False) for value, _ in node._inputs)
        return order

    def __add__(self, other: Value | float) -> Value:
        other = _value(other)
        return _result(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = _value(other)
        return _result(self.data * other.data, (self, other.data), (other, self.data))
        # ✗ return _result(self.data * other.data, (self, self.data), (other, other.data)) — The
        #   slope towards one factor is the other factor: swap them.

    def __pow__(self, exponent: float) -> Value:
        slope = exponent * self.data ** (exponent - 1) if exponent else 0.0
        # ✗ slope = exponent * self.data ** (exponent - 1) if exponent and self.data else 0.0 — At
        #   x = 0 the slope of x ** 1 is 1: only the exponent 0 needs care.
        # ✗ slope = exponent * self.data ** (exponent - 1) — With exponent 0 and base 0 this is zero
        #   times a division by zero: a constant has slope 0 everywhere.
        # ✗ slope = self.data ** (exponent - 1) if exponent else 0.0 — The exponent comes down as a
        #   factor: multiply by it.
        # ✗ slope = exponent * self.data**exponent — The power keeps its exponent: lower it by one.
        return _result(self.data**exponent, (self, slope))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Value | float) -> Value:
        return self + -_value(other)
        # ✗ return _result(self.data - _value(other).data, (self, 1.0), (_value(other), 1.0)) — The
        #   second operand of a difference has slope −1.

    def __truediv__(self, other: Value | float) -> Value:
        return self * _value(other) ** -1
        # ✗ return _result(self.data / _value(other).data, (self, 1 / _value(other).data)) — The
        #   denominator gets no gradient: a quotient depends on both.

    def __radd__(self, other: float) -> Value:
        return self + other
        # ✗ return self + other if other else self — Where 0 is added, the operand itself comes back
        #   and its gradient counts as that of the sum: make a new Value every time.

    # ✗ pass — A plain number on the left of + raises, and so does `sum`: define the reflected
    #   operator.

    def __rmul__(self, other: float) -> Value:
        return self * other

    # ✗ pass — A plain number on the left of × raises: define the reflected operator.

    def __rsub__(self, other: float) -> Value:
        return _value(other) - self
        # ✗ return self - other — The reflected difference has its operands swapped: the plain
        #   number comes first.

    def __rtruediv__(self, other: float) -> Value:
        return _value(other) / self
        # ✗ return self / other — The reflected quotient has its operands swapped: the plain number
        #   is divided.

    def exp(self) -> Value:
        """Return e to this power."""
        e = math.exp(self.data)
        return _result(e, (self, e))
        # ✗ return _result(e, (self, self.data * e)) — That is the rule for powers with a constant
        #   exponent: the exponential is its own slope.

    def tanh(self) -> Value:
        """Return the hyperbolic tangent."""
        t = math.tanh(self.data)
        # ✗ e = math.exp(2 * self.data); t = (e - 1) / (e + 1) — The exponential overflows for large
        #   numbers: use the library's function.
        return _result(t, (self, 1 - t * t))
        # ✗ return _result(t, (self, 1 - self.data**2)) — The slope is one minus the square of the
        #   output, not of the input.

    def relu(self) -> Value:
        """Return this number if it is positive, else 0."""
        return _result(max(self.data, 0.0), (self, float(self.data > 0)))
        # ✗ return _result(max(self.data, 0.0), (self, float(self.data >= 0))) — At exactly zero the
        #   slope is asked to be 0.
        # ✗ return _result(max(self.data, 0.0), (self, 1.0)) — Below zero the result is constant:
        #   its slope is 0 there.


def _value(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _result(data: float, *inputs: tuple[Value, float]) -> Value:
    result = Value(data)
    result._inputs = inputs
    return result


# ✗ Value._order — Values in the order they are met, going back from the result, may stand before
#   others that still send them gradient: each must wait for all its uses.
def _(self) -> list[Value]:
    found = [self]
    for node in found:
        found += [value for value, _ in dict(node._inputs).items() if value not in found]
    return found[::-1]


# ✗ Value._order — Recursion goes as deep as the graph, and Python stops it after a thousand calls:
#   keep a stack of your own.
def _(self) -> list[Value]:
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for value, _ in node._inputs:
                visit(value)
            order.append(node)

    visit(self)
    return order


# ✗ Value._order — Values that hold equal numbers are taken for one, and all but the first get no
#   gradient: tell them apart by identity.
def _(self) -> list[Value]:
    order, seen, stack = [], set(), [(self, False)]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node.data not in seen:
            seen.add(node.data)
            stack.append((node, True))
            stack.extend((value, False) for value, _ in node._inputs)
    return order


# ✗ Value.backward — Each Value sends its gradient on whenever some arrives, again with all that has
#   arrived before: put the Values in order first, and let each wait for all its uses.
def _(self) -> None:
    for node in self._order():
        node.grad = 0.0
    self.grad, todo = 1.0, [self]
    for node in todo:
        for value, slope in node._inputs:
            value.grad += slope * node.grad
            if len(todo) < 20_000:
                todo.append(value)
