# wrong: the tutorial code with odd widths mended, but still in single precision
import math

import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    pe = torch.zeros(T, d_model, device=device)
    position = torch.arange(0, T, device=device).unsqueeze(1)
    div = torch.exp(torch.arange(0, d_model, 2, device=device) * -(math.log(base) / d_model))
    pe[:, 0::2] = torch.sin(position * div)
    pe[:, 1::2] = torch.cos(position * div)[:, : d_model // 2]
    return pe
