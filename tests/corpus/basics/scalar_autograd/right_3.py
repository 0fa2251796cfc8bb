import heapq
import itertools
import math

count = itertools.count()

class Value:
    def __init__(self, data):
        self.data = float(data)
        self.grad = 0.0
        self.parents = ()
        self.id = next(count)

    def backward(self):
        """Newest first: a result is always younger than its operands."""
        grads, heap = {self.id: 1.0}, [(-self.id, self)]
        while heap:
            _, v = heapq.heappop(heap)
            v.grad = grads.pop(v.id)
            for parent, slope in v.parents:
                if parent.id not in grads:
                    grads[parent.id] = 0.0
                    heapq.heappush(heap, (-parent.id, parent))
                grads[parent.id] += slope * v.grad

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
