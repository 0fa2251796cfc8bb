"""A Transformer decoder layer, with the norms after or before.

Three sublayers, each with a residual connection and a layer norm of its own: causal self-attention,
cross-attention to the encoder's memory, and the feed-forward network ff(x) = down(max(0, up(x))):

    post-norm:  x ← norm_1(x + dropout(self_attention(x)))
                x ← norm_2(x + dropout(cross_attention(x, memory)))
                y = norm_3(x + dropout(ff(x)))
    pre-norm:   x ← x + dropout(self_attention(norm_1(x)))
                x ← x + dropout(cross_attention(norm_2(x), memory))
                y = x + dropout(ff(norm_3(x)))

Cross-attention takes its queries from the decoder, its keys and values from the memory, which the
encoder has normalised already and no norm of this layer touches. A pre-norm stack needs one more
norm at its end; that is not part of the layer. Dropout acts where the equations say and nowhere
else, in training mode only: not on the attention weights either.

Self-attention is always causal: a token looks at itself and at those before it. True in `padding`
hides tokens of x as keys of self-attention, on top of that; True in `memory_padding` hides positions
of the memory. What is hidden stays hidden, however large the score. Padding still asks as a query, so its rows of the output are computed like any
other. Every query is left with a key in both attentions.

nn.MultiheadAttention may be used as it is. The output has the shape and dtype of `x`,
which may be float16 if memory and parameters are. Neither padding is written into.

>>> layer = DecoderLayer(d_model=8, n_heads=2, d_ff=16)
>>> x, memory = torch.ones(3, 5, 8), torch.ones(3, 7, 8)
>>> layer(x, memory).shape
torch.Size([3, 5, 8])
>>> torch.allclose(layer(x, memory)[:, :2], layer(x[:, :2], memory), atol=1e-6)
True
"""

# Not allowed, since it would be the whole exercise: torch.nn.TransformerDecoderLayer, and what does
# the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class DecoderLayer(nn.Module):
    """Hold the sublayers' parts under these names, with bias and torch's defaults.

    `self_attention` and `cross_attention` are each an nn.MultiheadAttention, or have parameters of the
    same names and shapes; `up` and `down` are linear layers, d_model to d_ff and back; `norm_1`,
    `norm_2` and `norm_3` are layer norms.
    """

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, pre_norm: bool = False, dropout: float = 0.0
    ) -> None:
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B S d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
        memory_padding: Bool[Tensor, "B S"] | None = None,  # True where the memory is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return the tokens after the three sublayers."""
        raise NotImplementedError
