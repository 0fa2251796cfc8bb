"""Rotary position embedding (RoPE), in the half-split convention.

At position p, feature i of a vector is paired with feature i + d_head/2, and the pair is rotated
by an angle of its own:

    θ = p · base^(−2i / d_head),    i = 0 … d_head/2 − 1
    y[i]            = x[i] cos θ − x[i + d_head/2] sin θ
    y[i + d_head/2] = x[i + d_head/2] cos θ + x[i] sin θ

The T vectors on the last axis but one stand at positions offset … offset + T − 1, which may be in
the ten thousands. There may be any number of axes before it. `rotary_embedding` raises ValueError
if d_head is odd.

Frequencies and angles, sines and cosines are worked out in the precision of `x`, but never below
float32: in half precision far positions would run into each other. Only finished sines and cosines
may be rounded to the dtype of `x`. The results of both functions have the inputs' dtype and device.

`rotary_attention` uses it: every query looks at every key, the queries stand at positions from
`offset` on (as they do next to a cache), the keys from 0 on, and

    output = softmax(q' k'ᵀ / √d_head) v

where q' and k' are rotated. Rotated this way, a score depends on the two vectors and on the
distance between their positions only.

>>> x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
>>> rotary_embedding(x)
tensor([[1.0000, 0.0000],
        [0.5403, 0.8415]])
>>> torch.equal(rotary_embedding(x, offset=1)[0], rotary_embedding(x)[1])
True
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def rotary_embedding(
    x: Float[Tensor, "*B T d_head"], offset: int = 0, base: float = 10_000.0
) -> Float[Tensor, "*B T d_head"]:
    """Return each vector rotated by its position."""
    T, d_head = x.shape[-2:]
    # ✗ T, d_head = x.shape[1], x.shape[-1] — With heads in front of it, the second axis is not that of
    #   the positions: count axes from the end.
    if d_head % 2:
        raise ValueError(f"{d_head=} must be even")
    # ✗ pass — An odd width cannot be split in pairs: refuse it.
    dtype = torch.promote_types(x.dtype, torch.float32)
    # ✗ dtype = x.dtype — In half precision neighbouring far positions round to the same number, and
    #   angles to anything: work them out in float32 at least.
    # ✗ dtype = torch.float32 — Inputs in double precision deserve angles in double precision: take the
    #   wider of the two.
    even = torch.arange(0, d_head, 2, dtype=dtype, device=x.device)  # 2i
    # ✗ even = torch.arange(d_head // 2, dtype=dtype, device=x.device) — The factor of two in the
    #   exponent is missing, so the slow half of the frequencies is never reached: it is 2i.
    # ✗ even = torch.arange(0, d_head, 2, dtype=dtype) — The frequencies are made on the CPU: make them
    #   where the input is.
    # ✗ even = torch.arange(2, d_head + 2, 2, dtype=dtype, device=x.device) — The first pair turns by
    #   one radian per position: the exponent begins at zero.
    positions = torch.arange(offset, offset + T, dtype=dtype, device=x.device)
    # ✗ positions = torch.arange(T, dtype=dtype, device=x.device) — The offset has no effect: begin to
    #   count there.
    # ✗ positions = torch.arange(offset + 1, offset + T + 1, dtype=dtype, device=x.device) — Position 0
    #   is not rotated at all: do not count from one.
    angles = positions[:, None] * base ** (-even / d_head)
    # ✗ angles = positions[:, None] * base ** (even / d_head) — The frequencies rise where they should
    #   fall: the exponent is negative.
    # ✗ angles = positions[:, None] * base ** (-even / d_head).to(x.dtype).to(dtype) — The exponents are
    #   rounded to half precision, and a far position multiplies their error: keep them in float32.
    # ✗ angles = positions[:, None] * 10_000.0 ** (-even / d_head) — The argument `base` has no effect:
    #   use it.
    cos, sin = angles.cos(), angles.sin()
    # ✗ cos, sin = angles.cos(), -angles.sin() — The vectors turn the other way: mind the sign of the
    #   sines.
    # ✗ cos, sin = torch.ones_like(angles), torch.zeros_like(angles) — A rotation by zero changes
    #   nothing: use the angles.
    left, right = x.chunk(2, dim=-1)
    # ✗ left, right = x[..., 0::2], x[..., 1::2] — Neighbours are paired and then laid out in halves:
    #   feature i goes with feature i + d_head/2.
    turned = torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)
    # ✗ turned = torch.cat([left * cos - right * sin, right * cos - left * sin], dim=-1) — This is no
    #   rotation and changes lengths: one of the two sines is added.
    # ✗ turned = torch.cat([right * cos + left * sin, left * cos - right * sin], dim=-1) — The halves
    #   are swapped on the way out: put each feature back in its place.
    return turned.to(x.dtype)
    # ✗ return turned — The cosines are wider than half precision and carry the result with them: turn it
    #   back into the input's dtype.


def rotary_attention(
    q: Float[Tensor, "*B T d_head"],
    k: Float[Tensor, "*B S d_head"],
    v: Float[Tensor, "*B S d_v"],
    offset: int = 0,
    base: float = 10_000.0,
) -> Float[Tensor, "*B T d_v"]:
    """Return attention without a mask, with queries and keys rotated."""
    q, k = rotary_embedding(q, offset, base), rotary_embedding(k, 0, base)
    # ✗ rotary_embedding(q, offset, base), rotary_embedding(k, 0, base) — The rotation returns new
    #   tensors, and they are dropped: use them from here on.
    # ✗ q, k = rotary_embedding(q, offset, base), rotary_embedding(k, offset, base) — With the same offset
    #   on both sides it cancels: the keys stand at positions from zero on.
    # ✗ q, k = rotary_embedding(q, offset), rotary_embedding(k) — The base is not passed on: hand it to
    #   both rotations.
    # ✗ q = rotary_embedding(q, offset, base) — Unrotated keys make scores depend on the query's place
    #   and not on the distance: rotate both.
    # ✗ q, k, v = rotary_embedding(q, offset, base), *(rotary_embedding(x, 0, base) for x in (k, v)) —
    #   Positions belong in the scores only: leave the values as they are.
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1)
    # ✗ weights = (q @ k.mT).softmax(dim=-1) — The scores are not scaled: divide by √d_head.
    return weights @ v
    # ✗ wide = torch.promote_types(v.dtype, torch.float32); return weights.to(wide) @ v.to(wide) — The
    #   result is wider than inputs in half precision: return their dtype.


# ✗ rotary_embedding — The tables that are kept between calls are looked up without the base: another
#   base needs other tables.
def _(x, offset=0, base=10_000.0, tables={}):  # noqa: B006
    T, d_head = x.shape[-2:]
    if d_head % 2:
        raise ValueError(d_head)
    dtype = torch.promote_types(x.dtype, torch.float32)
    key = T, d_head, offset, dtype, x.device
    if key not in tables:
        even = torch.arange(0, d_head, 2, dtype=dtype, device=x.device)
        positions = torch.arange(offset, offset + T, dtype=dtype, device=x.device)
        angles = positions[:, None] * base ** (-even / d_head)
        tables[key] = angles.cos(), angles.sin()
    cos, sin = tables[key]
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1).to(x.dtype)


# ✗ rotary_embedding — Neighbouring features are paired, which is the other convention: pair feature i
#   with feature i + d_head/2.
def _(x, offset=0, base=10_000.0):
    T, d_head = x.shape[-2:]
    if d_head % 2:
        raise ValueError(d_head)
    dtype = torch.promote_types(x.dtype, torch.float32)
    even = torch.arange(0, d_head, 2, dtype=dtype, device=x.device)
    positions = torch.arange(offset, offset + T, dtype=dtype, device=x.device)
    angles = positions[:, None] * base ** (-even / d_head)
    left, right = x[..., 0::2], x[..., 1::2]
    cos, sin = angles.cos(), angles.sin()
    turned = torch.stack([left * cos - right * sin, right * cos + left * sin], dim=-1)
    return turned.flatten(-2).to(x.dtype)
