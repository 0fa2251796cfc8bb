# wrong: one bias number per layer
"""An answer."""


def linear(n_in, n_out, bias):
    return n_in * n_out + (1 if bias else 0)


def parameter_count(
    vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True
):
    if d_model % n_heads != 0:
        raise ValueError("d_model must be a multiple of n_heads")
    norm = 2 * d_model if bias else d_model
    attn = 4 * linear(d_model, d_model, bias) + norm
    ffn = linear(d_model, d_ff, bias) + linear(d_ff, d_model, bias) + norm
    total = vocab_size * d_model
    if not tied:
        total += vocab_size * d_model
    if n_encoder:
        total += n_encoder * (attn + ffn) + norm
    if n_decoder:
        cross = attn if n_encoder else 0
        total += n_decoder * (attn + cross + ffn) + norm
    return total
