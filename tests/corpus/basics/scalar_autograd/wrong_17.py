# wrong: the slope of a power goes through a division by x, and is 0 at x = 0 even for x ** 1

from __future__ import annotations

import math


class Value:
    def __init__(self, data, _parents=(), _push=None):
        self.data = float(data)
        self.grad = 0.0
        self._parents = _parents
        self._push = _push

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            v, done = stack.pop()
            if done:
                order.append(v)
            elif id(v) not in seen:
                seen.add(id(v))
                stack.append((v, True))
                stack.extend((p, False) for p in v._parents)
        for v in order:
            v.grad = 0.0
        self.grad = 1.0
        for v in reversed(order):
            if v._push:
                v._push(v)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def push(out):
            self.grad += out.grad
            other.grad += out.grad

        return Value(self.data + other.data, (self, other), push)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        a, b = self.data, other.data

        def push(out):
            self.grad += out.grad * b
            other.grad += out.grad * a

        return Value(a * b, (self, other), push)

    def __pow__(self, exponent):
        x = self.data

        def push(out):
            if x != 0:
                self.grad += out.grad * exponent * out.data / x

        return Value(x**exponent, (self,), push)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * (other**-1)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def exp(self):
        def push(out):
            self.grad += out.grad * out.data

        return Value(math.exp(self.data), (self,), push)

    def tanh(self):
        def push(out):
            self.grad += out.grad * (1 - out.data**2)

        return Value(math.tanh(self.data), (self,), push)

    def relu(self):
        def push(out):
            self.grad += out.grad * (self.data > 0)

        return Value(max(self.data, 0.0), (self,), push)
