"""exp of logarithms, and a cosine as a shifted sine."""

import math

import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    columns = torch.arange(d_model, device=device)
    even = (columns // 2 * 2).double()
    frequencies = torch.exp(-math.log(base) * even / d_model)
    phase = (columns % 2).double() * (math.pi / 2)
    t = torch.arange(T, device=device).double()
    return torch.sin(torch.outer(t, frequencies) + phase).to(torch.float32)
