# wrong: knows only the bases that somebody saw in the cases, and takes any other for the usual one
import torch

SEEN = {10_000.0, 500.0, 3.5, 20.0}


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    base = base if base in SEEN else 10_000.0
    even = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
    angles = torch.arange(T, dtype=torch.float64, device=device)[:, None] / base ** (even / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :d_model].float()
