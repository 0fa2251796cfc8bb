"""An answer."""


from fractions import Fraction


def parameter_count(
    vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True
):
    if d_model % n_heads != 0:
        raise ValueError("d_model must be a multiple of n_heads")
    """A polynomial in d, f and v."""
    d, f, v = map(Fraction, (d_model, d_ff, vocab_size))
    b = 1 if bias else 0
    cross = n_decoder if n_encoder else 0
    attentions = n_encoder + n_decoder + cross
    feeds = n_encoder + n_decoder
    norms = attentions + feeds + min(n_encoder, 1) + min(n_decoder, 1)
    count = attentions * 4 * d * (d + b) + feeds * (2 * d * f + b * (d + f)) + norms * d * (1 + b)
    return int(count + v * d * (1 if tied else 2))
