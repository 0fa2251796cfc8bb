import math
import sys


class Value:
    def __init__(self, data):
        self.data = float(data)
        self.grad = 0.0
        self.parents = ()

    def topo(self):
        """Recursion, with Python's limit out of the way."""
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for p, _ in v.parents:
                    visit(p)
                order.append(v)

        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1_000_000)
        try:
            visit(self)
        finally:
            sys.setrecursionlimit(limit)
        return order

    def backward(self):
        order = self.topo()
        for v in order:
            v.grad = 0.0
        self.grad = 1.0
        for v in reversed(order):
            for parent, slope in v.parents:
                parent.grad += slope * v.grad

    def __add__(self, other):
        other = lift(other)
        return make(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = lift(other)
        return make(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        return make(self.data**n, (self, n * self.data ** (n - 1) if n != 0 else 0.0))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-lift(other))

    def __truediv__(self, other):
        return self * lift(other) ** -1

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def exp(self):
        return make(math.exp(self.data), (self, math.exp(self.data)))

    def tanh(self):
        t = math.tanh(self.data)
        return make(t, (self, 1 - t**2))

    def relu(self):
        return make(self.data if self.data > 0 else 0.0, (self, 1.0 if self.data > 0 else 0.0))


def lift(x):
    return x if isinstance(x, Value) else Value(x)


def make(data, *parents):
    out = Value(data)
    out.parents = parents
    return out
