"""An answer."""


import torch
from torch import nn


def parameter_count(
    vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True
):
    if d_model % n_heads != 0:
        raise ValueError("d_model must be a multiple of n_heads")
    """Build the modules on the meta device and ask them."""
    d = d_model

    def norm():
        return nn.LayerNorm(d, bias=bias, device="meta")

    def attention():
        return [norm()] + [nn.Linear(d, d, bias=bias, device="meta") for _ in range(4)]

    def feed_forward():
        up = nn.Linear(d, d_ff, bias=bias, device="meta")
        return [norm(), up, nn.Linear(d_ff, d, bias=bias, device="meta")]

    def size(parts):
        return sum(p.numel() for part in parts for p in part.parameters())

    encoder = size(attention() + feed_forward())
    decoder = encoder + (size(attention()) if n_encoder else 0)
    ends = size([norm()]) * sum(n > 0 for n in (n_encoder, n_decoder))
    return (2 - tied) * vocab_size * d + n_encoder * encoder + n_decoder * decoder + ends
