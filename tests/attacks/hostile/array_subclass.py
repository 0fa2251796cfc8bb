"""Return an array of a class that runs code whenever somebody looks."""
# verdict: wrong, raised
# stopped by: wire
# katas: lstm_cell
import os

import numpy as np


class Awake(np.ndarray):
    def __array_finalize__(self, other):
        os.write(1, b"awake\n")

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, *_, **__):
        return np.True_


def attack(right, *args, **kwargs):
    return np.zeros(3).view(Awake)
