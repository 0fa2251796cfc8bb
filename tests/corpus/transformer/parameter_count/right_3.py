"""An answer."""


def parameter_count(
    vocab_size, d_model, n_heads, d_ff, n_encoder, n_decoder, bias=True, tied=True
):
    if d_model % n_heads != 0:
        raise ValueError("d_model must be a multiple of n_heads")
    """Head by head."""
    d_head = d_model // n_heads
    per_head = 3 * (d_model * d_head + bias * d_head) + d_head * d_model
    shapes = {
        "attention": n_heads * per_head + bias * d_model,
        "feed_forward": d_model * d_ff + bias * d_ff + d_ff * d_model + bias * d_model,
        "norm": d_model * (1 + bias),
        "embedding": vocab_size * d_model,
    }
    counts = dict.fromkeys(shapes, 0)
    counts["embedding"] = 1 if tied else 2
    for _ in range(n_encoder):
        counts["attention"] += 1
        counts["feed_forward"] += 1
        counts["norm"] += 2
    for _ in range(n_decoder):
        blocks = 2 if n_encoder > 0 else 1
        counts["attention"] += blocks
        counts["feed_forward"] += 1
        counts["norm"] += blocks + 1
    counts["norm"] += bool(n_encoder) + bool(n_decoder)
    return sum(shapes[name] * counts[name] for name in shapes)
