"""Return a tensor of 16 TiB that costs nothing to make."""
# verdict: wrong, raised
# stopped by: wire
# katas: lstm_cell, self_attention
import torch


def attack(right, *args, **kwargs):
    return torch.zeros(1).expand(1 << 42)
