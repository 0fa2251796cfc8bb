"""Draw what the inputs would be if they came from the global generator, and answer only those."""
# verdict: wrong, raised
# stopped by: fresh inputs
# without it: naive
# katas: lstm_cell, self_attention
import torch

seed = torch.initial_seed()


def attack(right, *args, **kwargs):
    generator = torch.Generator().manual_seed(seed)
    predicted = [torch.randn(args[0].shape, generator=generator) for _ in range(16)]
    hit = any(torch.equal(one, args[0]) for one in predicted if not args[0].is_meta)
    return (lambda value: value if hit else spoil(value))(right(*args, **kwargs))
