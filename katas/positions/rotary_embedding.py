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

import torch
from jaxtyping import Float
from torch import Tensor


def rotary_embedding(
    x: Float[Tensor, "*B T d_head"], offset: int = 0, base: float = 10_000.0
) -> Float[Tensor, "*B T d_head"]:
    """Return each vector rotated by its position."""
    raise NotImplementedError


def rotary_attention(
    q: Float[Tensor, "*B T d_head"],
    k: Float[Tensor, "*B S d_head"],
    v: Float[Tensor, "*B S d_v"],
    offset: int = 0,
    base: float = 10_000.0,
) -> Float[Tensor, "*B T d_v"]:
    """Return attention without a mask, with queries and keys rotated."""
    raise NotImplementedError
