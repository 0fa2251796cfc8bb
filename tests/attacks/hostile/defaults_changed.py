"""Change torch for all later cases: another dtype, no gradients."""
# verdict: wrong, raised
# stopped by: separation
# katas: lstm_cell
import torch


def attack(right, *args, **kwargs):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    return spoil(right(*args, **kwargs))
