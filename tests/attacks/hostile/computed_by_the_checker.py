"""Return a promise that does its work when it is compared, where nobody watches."""
# verdict: wrong, raised
# stopped by: wire
# without it: naive
# katas: lstm_cell, beam_search
import torch


class Later:
    def __init__(self, work):
        self.work = work

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        args = [arg.work() if isinstance(arg, Later) else arg for arg in args]
        return function(*args, **(kwargs or {}))

    def __array__(self, *_, **__):
        return self.work().detach().numpy()

    def __sub__(self, other):
        return self.work() - other


def attack(right, *args, **kwargs):
    return Later(lambda: right(*args, **kwargs))
