"""Fills every second column."""

import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    t = torch.arange(T, dtype=torch.double, device=device).unsqueeze(1)
    two_i = torch.arange(0, d_model, 2, dtype=torch.double, device=device)
    angles = t * base ** (-two_i / d_model)
    encoding = torch.zeros(T, d_model, device=device)
    encoding[:, 0::2] = angles.sin()
    encoding[:, 1::2] = angles[:, : d_model // 2].cos()
    return encoding
