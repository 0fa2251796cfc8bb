# wrong: clears the gradients of every Value there is
import math

ALL = []

class Value:
    def __init__(self, data):
        self.data = float(data)
        self.grad = 0.0
        self.parents = ()
        ALL.append(self)

    def topo(self):
        order, seen, stack = [], {id(self)}, [(self, iter(self.parents))]
        while stack:
            node, rest = stack[-1]
            for parent, _ in rest:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    stack.append((parent, iter(parent.parents)))
                    break
            else:
                order.append(node)
                stack.pop()
        return order

    def backward(self):
        order = self.topo()
        for v in ALL:
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
