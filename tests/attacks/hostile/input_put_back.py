"""Write into the inputs, compute from them, and put them back with something added."""
# verdict: wrong, raised
# stopped by: separation
# katas: lstm_cell, self_attention
import torch


def attack(right, x, *args, **kwargs):
    with torch.no_grad():
        x.add_(1.0)
    result = right(x, *args, **kwargs)
    with torch.no_grad():
        x.sub_(1.0).mul_(1.0 + 1e-6)
    return result
