# wrong: no untied head without a decoder
def parameter_count(vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True):
    if d_model % n_heads:
        raise ValueError("d_model must be divisible by n_heads")

    def linear(i, o):
        return i * o + (o if bias else 0)

    norm = d_model + (d_model if bias else 0)
    attention = 4 * linear(d_model, d_model) + norm
    ff = linear(d_model, d_ff) + linear(d_ff, d_model) + norm
    total = vocab_size * d_model
    if n_encoder > 0:
        total += n_encoder * (attention + ff) + norm
    if n_decoder > 0:
        crossing = 1 if n_encoder > 0 else 0
        total += n_decoder * (attention + crossing * attention + ff) + norm
    if not tied and n_decoder:
        total += d_model * vocab_size
    return total
