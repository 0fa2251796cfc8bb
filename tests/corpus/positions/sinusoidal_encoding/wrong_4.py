# wrong: leaves the last column of an odd width zero
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    pe = torch.zeros(T, d_model, device=device)
    half = d_model // 2
    t = torch.arange(T, dtype=torch.double, device=device)[:, None]
    i = torch.arange(half, dtype=torch.double, device=device)
    angles = t / base ** (2 * i / d_model)
    pe[:, 0 : 2 * half : 2] = angles.sin()
    pe[:, 1::2] = angles.cos()
    return pe
