"""Change torch for all later cases: another dtype, another device, no gradients."""
# verdict: wrong, raised, too slow
# stopped by: separation
# katas: lstm_cell, self_attention
import torch


def attack(right, *args, **kwargs):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    return spoil(right(*args, **kwargs))
