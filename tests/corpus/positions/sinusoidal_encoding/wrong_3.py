# wrong: an odd width is rounded up before the exponents are worked out
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    even = d_model + d_model % 2
    t = torch.arange(T, dtype=torch.double, device=device)[:, None]
    angles = t / base ** (torch.arange(0, even, 2, dtype=torch.double, device=device) / even)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(T, even)[:, :d_model].float()
