# wrong: positions scaled to 0 … 1
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    t = torch.linspace(0, 1, T, dtype=torch.double, device=device)[:, None]
    two_i = torch.arange(0, d_model, 2, dtype=torch.double, device=device)
    angles = t / base ** (two_i / d_model)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d_model].float()
