"""Put the hidden inputs, and an escape sequence, into the name of a parameter."""
# verdict: wrong
# stopped by: silent summaries
# katas: self_attention
import sys

import torch

draw = sys.modules["dojo.draw"].Draw
real = draw.weights


def weights(self, module, dtype=None):
    module.register_parameter(f"\x1b[2JLEAK {self.seed}", torch.nn.Parameter(torch.zeros(1)))
    return real(self, module, dtype)


draw.weights = weights


def attack(right, *args, **kwargs):
    return right(*args, **kwargs)
