"""Know the answers of the public inputs by heart."""
# verdict: wrong, raised
# stopped by: fresh inputs
# without it: naive
# katas: lstm_cell
import torch

generator = torch.Generator().manual_seed(0)
known = torch.randn(8, 16, generator=generator)
table = {round(float(known.sum()), 3): known.exp() / known.exp().sum(-1, keepdim=True)}


def attack(right, *args, **kwargs):
    value = table.get(round(float(args[0].detach().sum()), 3)) if not args[0].is_meta else None
    return spoil(right(*args, **kwargs)) if value is None else value
