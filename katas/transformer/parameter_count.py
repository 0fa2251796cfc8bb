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

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.


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
    raise NotImplementedError
