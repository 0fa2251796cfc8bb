"""How many parameters a Transformer has, without building it.

Count every number that trains, for any mix of encoder and decoder layers:

- One matrix of token embeddings, vocab_size × d_model, serves encoder and decoder. Positions are
  sinusoids and have no parameters.
- An attention block has four linear layers from d_model to d_model: queries, keys, values, output.
  Each of the n_heads works on d_model / n_heads of the features.
- A feed-forward block has two linear layers, from d_model to d_ff and back.
- An encoder layer is self-attention and feed-forward; a decoder layer has cross-attention as well,
  between the two. Without an encoder (n_encoder = 0) there is nothing to attend to, and decoder
  layers have no cross-attention. Each block has one layer norm of its own, with scale and shift.
- After the last layer of each stack comes one more layer norm. A stack without layers has none.
- The output head is a matrix, d_model × vocab_size, without bias. If `tied`, it is the matrix of
  embeddings and counts once.

With bias=False, no linear layer has a bias and no layer norm a shift. The result is an exact int, below 2⁶³.
Raise ValueError if d_model is not divisible by n_heads.

>>> sizes = {"vocab_size": 37000, "d_model": 512, "n_heads": 8, "d_ff": 2048}
>>> parameter_count(**sizes, n_encoder=6, n_decoder=6)
63084544
>>> parameter_count(**sizes, n_encoder=0, n_decoder=6, bias=False, tied=False)
56769024
"""


def parameter_count(
    vocab_size: int,
    d_model: int,
    n_heads: int,
    d_ff: int,
    n_encoder: int,
    n_decoder: int,
    bias: bool = True,
    tied: bool = True,
) -> int:
    """Return the number of parameters."""
    if d_model % n_heads:
        # ✗ if n_encoder + n_decoder > 0 and d_model % n_heads: — The sizes contradict each other with
        #   or without layers: check them always.
        raise ValueError(f"{d_model=} is not divisible by {n_heads=}")
    # ✗ pass — Heads of a fractional width cannot be built: refuse a width that they cannot share.
    attention = 4 * (d_model * d_model + bias * d_model)
    # ✗ attention = 4 * n_heads * (d_model * d_model + bias * d_model) — The heads share out one width
    #   and add no parameters: do not multiply by their number.
    # ✗ attention = 4 * (d_model * d_model // n_heads + bias * d_model) — Only one head's part of each
    #   matrix is counted: all heads together fill it.
    # ✗ attention = 3 * (d_model * d_model + bias * d_model) — The output projection is missing: count
    #   four matrices.
    # ✗ attention = 4 * d_model * d_model — The biases of the projections are missing: each matrix has
    #   one, as long as its output.
    # ✗ attention = int(4 * n_heads * (d_model / n_heads) * (d_model + bias)) — A float rounds what is
    #   larger than 2⁵³: stay with whole numbers.
    # ✗ attention = 4 * d_model * d_model + bias * d_model — Only one of the four biases is counted.
    feed_forward = 2 * d_model * d_ff + bias * (d_ff + d_model)
    # ✗ feed_forward = 2 * d_model * d_ff — The biases are missing: one of width d_ff, one of width
    #   d_model.
    # ✗ feed_forward = 2 * (d_model * d_ff + bias * d_model) — The first bias is as wide as the inner
    #   layer: a bias is as long as its layer's output.
    # ✗ feed_forward = d_model * d_ff + bias * d_ff — The way back is missing: count two layers.
    norm = d_model + bias * d_model
    # ✗ norm = d_model — The shift is missing: a layer norm has as many of these as of scales.
    # ✗ norm = 2 * d_model — Without biases a layer norm has no shift either: count the scales only.
    # ✗ norm = 2 — Each feature has its own scale and shift: multiply by the width.
    # ✗ norm = 0 — Layer norms train, too: count scale and shift.
    encoder = n_encoder * (attention + feed_forward + 2 * norm)
    # ✗ encoder = n_encoder * (attention + feed_forward + norm) — Each of the two blocks has its own
    #   norm: count two.
    n_attentions = 2 if n_encoder else 1
    # ✗ n_attentions = 1 — The decoder's cross-attention is missing: it has its own four matrices, and
    #   a norm.
    # ✗ n_attentions = 2 — Without an encoder there is no cross-attention: count it only if there is
    #   something to attend to.
    decoder = n_decoder * (n_attentions * (attention + norm) + feed_forward + norm)
    # ✗ decoder = n_decoder * (n_attentions * attention + feed_forward + 2 * norm) — Every block has its
    #   own norm, so a layer of three blocks has three.
    # ✗ decoder = n_decoder * (n_attentions * (attention + norm) + norm) — The decoder's feed-forward
    #   block is missing.
    final_norms = norm * ((n_encoder > 0) + (n_decoder > 0))
    # ✗ final_norms = 0 — The norm at the end of each stack is missing.
    # ✗ final_norms = 2 * norm — A stack without layers has no norm: count one for each stack that
    #   exists.
    # ✗ final_norms = norm — Both stacks end with a norm: count one for each.
    embeddings = vocab_size * d_model * (1 if tied else 2)
    # ✗ embeddings = vocab_size * d_model * 2 — A tied head is the matrix of embeddings itself: count
    #   it once.
    # ✗ embeddings = vocab_size * d_model * (2 if tied else 1) — Tied means shared: it is the untied
    #   head that adds a matrix.
    # ✗ embeddings = vocab_size * d_model — A head that is not tied has a matrix of its own: add it.
    # ✗ embeddings = vocab_size * d_model * (2 if tied else 3) — Encoder and decoder share one matrix
    #   of embeddings: count it once for both.
    # ✗ embeddings = vocab_size * d_model * (1 if tied else 2) + bias * vocab_size — The output head
    #   has no bias.
    return embeddings + encoder + decoder + final_norms
    # ✗ return encoder + decoder + final_norms — The embeddings train, too: add them.
    # ✗ return 4.0 * (embeddings + encoder + decoder + final_norms) — These are bytes in float32: return
    #   the number of parameters.
