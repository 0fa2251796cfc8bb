"""A Transformer encoder layer, with the norms after or before.

Two sublayers, each with a residual connection and a layer norm of its own. Self-attention comes first,
then the feed-forward network ff(x) = down(max(0, up(x))), which works on every token alone:

    post-norm:  x ← norm_1(x + dropout(attention(x)))
                y = norm_2(x + dropout(ff(x)))
    pre-norm:   x ← x + dropout(attention(norm_1(x)))
                y = x + dropout(ff(norm_2(x)))

A pre-norm stack needs one more norm at its end; that is not part of the layer. Dropout acts where
the equations say and nowhere else, in training mode only: not on the attention weights either.

Both masks are boolean, and True means: do not look there, however large the score. `mask` says for
every query (rows) which keys (columns) are hidden in all sequences; `padding` hides keys of one
sequence from all its queries. A key is hidden if either says so, and neither mask is written into. Padding still asks as a query, so its rows of the output are
computed like any other. Every query is left with a key that it may look at.

nn.MultiheadAttention may be used as it is. The output has the shape and dtype of `x`,
which may be float16 if the parameters are.

>>> layer = EncoderLayer(d_model=8, n_heads=2, d_ff=16, pre_norm=True)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> sorted(dict(layer.named_children()).keys() - {"dropout"})
['attention', 'down', 'norm_1', 'norm_2', 'up']
"""

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class EncoderLayer(nn.Module):
    """Hold the sublayers' parts under these names, with bias and torch's defaults.

    `attention` is an nn.MultiheadAttention, or has parameters of the same names and shapes; `up` and
    `down` are linear layers, d_model to d_ff and back; `norm_1` and `norm_2` are layer norms.
    """

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, pre_norm: bool = False, dropout: float = 0.0
    ) -> None:
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        mask: Bool[Tensor, "T T"] | None = None,  # True where a query must not look at a key
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return the tokens after both sublayers."""
        raise NotImplementedError
