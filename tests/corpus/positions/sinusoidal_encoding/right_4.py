"""Complex rotations."""

import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    n = -(-d_model // 2)
    exponents = 2 * torch.arange(n, dtype=torch.float64, device=device) / d_model
    angles = torch.arange(T, dtype=torch.float64, device=device)[:, None] * base**-exponents
    turned = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_real(turned).flip(-1)  # imaginary part first
    return pairs.reshape(T, 2 * n)[:, :d_model].to(torch.float32)
