"""Sinusoidal position encoding.

Column 2i of row t holds a sine and column 2i + 1 the cosine of the same angle:

    PE[t, 2i] = sin(t / base^(2i / d_model)),    PE[t, 2i + 1] = cos(t / base^(2i / d_model))

Rows are the positions 0 … T − 1. Any T is fine, also 0, and any d_model from 1 on: an odd width
ends with a sine.

The result is float32, and as exact as float32 can be up to a million positions. An angle near a
million that is itself rounded to float32 may be off by 0.03: work the angles out in double
precision.

>>> sinusoidal_encoding(2, 3)
tensor([[0.0000, 1.0000, 0.0000],
        [0.8415, 0.5403, 0.0022]])
"""

import torch
from jaxtyping import Float
from torch import Tensor


def sinusoidal_encoding(
    T: int, d_model: int, base: float = 10_000.0, device: torch.device | str | None = None
) -> Float[Tensor, "T d_model"]:
    """Return the encodings of the first T positions, on the device that is named."""
    raise NotImplementedError
