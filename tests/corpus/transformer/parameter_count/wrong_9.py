# goes through floats, which round large counts
def parameter_count(vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True):
    if d_model % n_heads:
        raise ValueError("d_model is not divisible by n_heads")

    def linear(n_in, n_out):
        return n_in * n_out + (n_out if bias else 0)

    norm = d_model * (2 if bias else 1)
    attention = n_heads * (d_model / n_heads) * (4 * d_model + (4 if bias else 0)) + norm
    feed_forward = linear(d_model, d_ff) + linear(d_ff, d_model) + norm
    encoder = n_encoder * (attention + feed_forward)
    if n_encoder > 0:
        encoder += norm
    decoder = n_decoder * ((2 if n_encoder > 0 else 1) * attention + feed_forward)
    if n_decoder > 0:
        decoder += norm
    embeddings = vocab_size * d_model
    return int(encoder + decoder + embeddings * (1 if tied else 2))
