# wrong: the exponent counts from one
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    t = torch.arange(T, dtype=torch.double, device=device)[:, None]
    i = torch.arange(1, (d_model + 1) // 2 + 1, dtype=torch.double, device=device)
    angles = t / base ** (2 * i / d_model)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d_model].float()
