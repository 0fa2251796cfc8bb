"""Replace the built-in functions that a comparison by hand would use."""
# verdict: wrong, raised, no answer
# stopped by: separation
# without it: naive
# katas: lstm_cell
import builtins

import torch


def attack(right, *args, **kwargs):
    result = spoil(right(*args, **kwargs))
    builtins.abs = builtins.max = lambda *_, **__: 0.0
    builtins.all = builtins.any = lambda *_: True
    torch.Tensor.abs = lambda self: self * 0
    return result
