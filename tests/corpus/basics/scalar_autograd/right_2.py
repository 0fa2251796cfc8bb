import math


class Value:
    """Closures per operation; Kahn's order."""

    def __init__(self, data, parents=()):
        self.data = data * 1.0
        self.grad = 0.0
        self._parents = parents
        self._push = lambda: None

    @staticmethod
    def _wrap(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value._wrap(other)
        out = Value(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out._push = push
        return out

    def __mul__(self, other):
        other = Value._wrap(other)
        out = Value(self.data * other.data, (self, other))

        def push():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._push = push
        return out

    def __sub__(self, other):
        other = Value._wrap(other)
        out = Value(self.data - other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad -= out.grad

        out._push = push
        return out

    def __truediv__(self, other):
        other = Value._wrap(other)
        out = Value(self.data / other.data, (self, other))

        def push():
            self.grad += out.grad / other.data
            other.grad -= out.grad * self.data / other.data**2

        out._push = push
        return out

    def __neg__(self):
        return 0.0 - self

    def __radd__(self, other):
        return Value(other) + self

    def __rmul__(self, other):
        return Value(other) * self

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self

    def _unary(self, data, slope):
        out = Value(data, (self,))

        def push():
            self.grad += slope * out.grad

        out._push = push
        return out

    def __pow__(self, k):
        return self._unary(self.data**k, 0 if k == 0 else k * self.data ** (k - 1))

    def exp(self):
        e = math.exp(self.data)
        return self._unary(e, e)

    def tanh(self):
        t = math.tanh(self.data)
        return self._unary(t, (1 - t) * (1 + t))

    def relu(self):
        return self._unary(max(0.0, self.data), int(self.data > 0))

    def backward(self):
        uses, todo, nodes = {}, [self], {self}
        while todo:
            for parent in todo.pop()._parents:
                uses[parent] = uses.get(parent, 0) + 1
                if parent not in nodes:
                    nodes.add(parent)
                    todo.append(parent)
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            node._push()
            for parent in node._parents:
                uses[parent] -= 1
                if not uses[parent]:
                    ready.append(parent)
