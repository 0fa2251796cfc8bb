"""Patch the source of inputs, so that one constant is right for all."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell, self_attention
import sys

import torch

draw = sys.modules["dojo.draw"].Draw
draw.normal = lambda self, *shape, **_: torch.zeros(shape)


def attack(right, *args, **kwargs):
    return right(*args, **kwargs)
