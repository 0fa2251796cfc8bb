"""Exchange the generator below the inputs, so that all of them are alike."""
# verdict: wrong, raised
# stopped by: separation
# katas: lstm_cell, self_attention
import sys

import numpy as np

draw = sys.modules["dojo.draw"].Draw


class Same:
    def __getattr__(self, name):
        return lambda *shape, **_: np.ones(shape[-1] if shape else ())


draw.__post_init__ = lambda self: setattr(self, "_rng", Same())


def attack(right, *args, **kwargs):
    return right(*args, **kwargs)
