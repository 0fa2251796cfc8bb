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
    positions = torch.arange(T, dtype=torch.float64, device=device)
    # ✗ positions = torch.arange(T, dtype=torch.float64) — The encoding is made on the CPU, wherever it
    #   is needed: use the device that is named.
    # ✗ positions = torch.arange(1, T + 1, dtype=torch.float64, device=device) — The first position is
    #   0, whose sines are zero and whose cosines are one.
    even = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)  # 2i
    # ✗ even = torch.arange(0, d_model, 2, device=device) — Powers of an integer tensor are float32,
    #   and a far position multiplies their error: take the power in double precision.
    # ✗ even = torch.arange((d_model + 1) // 2, dtype=torch.float64, device=device) — The exponent is
    #   2i / d_model, and the factor of two is missing: it is the even column's index.
    # ✗ even = torch.arange(0, d_model - d_model % 2, 2, dtype=torch.float64, device=device) — With an
    #   odd width the last column has a sine too: round the number of angles up.
    angles = positions[:, None] / base ** (even / d_model)
    # ✗ angles = positions[:, None] * base ** (even / d_model) — Wavelengths have to grow with the
    #   column: divide by the power.
    # ✗ angles = positions[:, None] / 10_000.0 ** (even / d_model) — The argument `base` has no effect:
    #   use it.
    # ✗ angles = positions[:, None] / base ** (even / max(d_model - 2, 1)) — The last wavelength does not
    #   reach the base: divide the exponent by d_model.
    # ✗ angles = positions[:, None] / base ** (2 * even / d_model) — The column's index holds the factor
    #   of two already: do not double it again.
    # ✗ angles = (positions[:, None] / base ** (even / d_model)).float() — Angles of far positions lose
    #   their fraction in single precision: round the sines and cosines, not the angles.
    encoding = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    # ✗ encoding = torch.cat([angles.sin(), angles.cos()], dim=-1) — All sines come before all
    #   cosines: they take turns, column by column.
    # ✗ encoding = torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(1) — Sine and cosine are
    #   swapped: the even columns are sines.
    # ✗ encoding = torch.stack([angles.sin(), angles.sin()], dim=-1).flatten(1) — Every angle has its
    #   sine twice: the odd columns are cosines.
    return encoding[:, :d_model].float()
    # ✗ return encoding.float() — An odd width gets one column too many: leave the last cosine out.
    # ✗ return encoding[:, :d_model] — Double precision is for the angles only: return float32.


# ✗ sinusoidal_encoding — Each column has an exponent of its own: a cosine shares the angle of the
#   sine before it.
def _(T, d_model, base=10_000.0, device=None):
    positions = torch.arange(T, dtype=torch.float64, device=device)
    columns = torch.arange(d_model, dtype=torch.float64, device=device)
    angles = positions[:, None] / base ** (columns / d_model)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).float()


# ✗ sinusoidal_encoding — The table that is kept between calls is looked up by its width alone:
#   another base needs another table.
def _(T, d_model, base=10_000.0, device=None, tables={}):  # noqa: B006
    if d_model not in tables or len(tables[d_model]) < T:
        positions = torch.arange(T, dtype=torch.float64, device=device)
        even = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
        angles = positions[:, None] / base ** (even / d_model)
        encoding = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        tables[d_model] = encoding[:, :d_model].float()
    return tables[d_model][:T].to(device)
