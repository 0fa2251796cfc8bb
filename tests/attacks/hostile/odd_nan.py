"""Return NaN of both signs with bits of our own inside."""
# verdict: wrong, raised
# stopped by: comparison
# without it: naive
# katas: lstm_cell, self_attention
import torch


def attack(right, *args, **kwargs):
    def odd(value):
        if value.is_meta:
            return value
        bits = -3 if value.dtype == torch.float64 else -1234
        kind = torch.int64 if value.dtype == torch.float64 else torch.int32
        return torch.full(value.shape, bits, dtype=kind).view(value.dtype)

    return change(right(*args, **kwargs), odd)
