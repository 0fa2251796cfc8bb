from __future__ import annotations
import itertools
import math
import numbers

ticket = itertools.count()


class Value:
    """Keeps (operand, slope) pairs; nodes are visited youngest first."""

    __slots__ = ("data", "grad", "born", "edges")

    def __init__(self, data, edges=()):
        self.data, self.grad = float(data), 0.0
        self.born, self.edges = next(ticket), edges

    def backward(self):
        reach, todo = {self.born: self}, [self]
        while todo:
            for operand, _ in todo.pop().edges:
                if operand.born not in reach:
                    reach[operand.born] = operand
                    todo.append(operand)
        flow = dict.fromkeys(reach, 0.0)
        flow[self.born] = 1.0
        for born in sorted(reach, reverse=True):
            node = reach[born]
            node.grad = flow[born]
            for operand, slope in node.edges:
                flow[operand.born] += slope * node.grad

    def _linear(self, other, mine, theirs, result):
        edges = ((self, mine),)
        if isinstance(other, Value):
            edges += ((other, theirs),)
        return Value(result, edges)

    def __add__(self, other):
        return self._linear(other, 1.0, 1.0, self.data + value(other))

    def __sub__(self, other):
        return self._linear(other, 1.0, -1.0, self.data - value(other))

    def __mul__(self, other):
        return self._linear(other, value(other), self.data, self.data * value(other))

    def __truediv__(self, other):
        q = self.data / value(other)
        return self._linear(other, 1 / value(other), -q / value(other), q)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __pow__(self, k):
        slope = 0.0 if k == 0 else k * math.pow(self.data, k - 1)
        return Value(math.pow(self.data, k), ((self, slope),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, (1 - t) * (1 + t)),))

    def relu(self):
        on = self.data > 0
        return Value(self.data if on else 0.0, ((self, float(on)),))


def value(v):
    return v.data if isinstance(v, Value) else float(v)
