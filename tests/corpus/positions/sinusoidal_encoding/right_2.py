"""NumPy, columns one by one."""

import numpy as np
import torch


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    t = np.arange(T, dtype=np.float64)
    encoding = np.empty((T, d_model))
    for column in range(d_model):
        angle = t / base ** ((column - column % 2) / d_model)
        encoding[:, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return torch.from_numpy(encoding.astype(np.float32)).to(device or "cpu")
