from __future__ import annotations
import math
import sys


class Value:
    def __init__(self, data, _children=(), _back=None):
        self.data = float(data)
        self.grad = 0.0
        self._children = _children
        self._back = _back

    @staticmethod
    def _lift(v):
        return v if isinstance(v, Value) else Value(v)

    def backward(self):
        sys.setrecursionlimit(10**6)
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for c in node._children:
                    visit(c)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            if node._back is not None:
                node._back(node.grad)

    def __add__(self, other):
        other = self._lift(other)

        def back(g):
            self.grad += g
            other.grad += g

        return Value(self.data + other.data, (self, other), back)

    def __mul__(self, other):
        other = self._lift(other)

        def back(g):
            self.grad += g * other.data
            other.grad += g * self.data

        return Value(self.data * other.data, (self, other), back)

    def __pow__(self, exponent):
        def back(g):
            if exponent != 0:
                self.grad += g * exponent * self.data ** (exponent - 1)

        return Value(self.data**exponent, (self,), back)

    def __truediv__(self, other):
        other = self._lift(other)

        def back(g):
            self.grad += g / other.data
            other.grad -= g * self.data / other.data / other.data

        return Value(self.data / other.data, (self, other), back)

    def __rtruediv__(self, other):
        return self._lift(other) / self

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -self._lift(other)

    def __rsub__(self, other):
        return self._lift(other) + -self

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        out = math.exp(self.data)

        def back(g):
            self.grad += g * out

        return Value(out, (self,), back)

    def tanh(self):
        t = math.tanh(self.data)

        def back(g):
            self.grad += g * (1 - t * t)

        return Value(t, (self,), back)

    def relu(self):
        def back(g):
            self.grad += g if self.data > 0 else 0.0

        return Value(max(self.data, 0.0), (self,), back)
