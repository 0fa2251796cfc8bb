"""Compute in double precision and leave it at that."""
# verdict: wrong, raised
# stopped by: comparison
# without it: naive
# katas: lstm_cell, self_attention
import torch


def attack(right, *args, **kwargs):
    single = lambda value: value.double() if value.dtype == torch.float32 else value.float()
    return change(right(*args, **kwargs), single)
