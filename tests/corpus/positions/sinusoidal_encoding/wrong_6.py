# wrong: adds up rotations position by position in single precision, so errors pile up
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    two_i = torch.arange(0, d_model, 2, dtype=torch.float32, device=device)
    step = base ** (-two_i / d_model)
    angles = step.expand(T, -1).cumsum(0) - step
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d_model]
