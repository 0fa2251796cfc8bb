"""Additive attention, as Bahdanau's translation model uses it.

A small network with one hidden layer scores how well a query fits a key:

    score(q, k) = vᵀ tanh(W q + U k),    weights = softmax over keys,    context = Σ weight · key

The keys are also what is averaged. Each of the T queries has a context of its own, over the S keys
of its sequence. Queries and keys may differ in width.

Padding (`padding` is True there) gets a weight of exactly zero, and the others of the query sum to
one. In a sequence that is all padding every weight is zero, and so is the context. No NaN may
appear there, in a result or in a gradient. Scores may be in the ten thousands, of either sign.

Nothing has a bias. Both results have the dtype and device of the queries, half precision included.

>>> layer = AdditiveAttention(d_query=4, d_key=6, d_hidden=5)
>>> context, weights = layer(torch.zeros(2, 3, 4), torch.zeros(2, 7, 6))
>>> context.shape, weights.shape
(torch.Size([2, 3, 6]), torch.Size([2, 3, 7]))
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Linear layers without bias, all named as in the equation.

    `W` goes from d_query to d_hidden, `U` from d_key to d_hidden, and `v` from d_hidden to 1.
    """

    def __init__(self, d_query: int, d_key: int, d_hidden: int) -> None:
        raise NotImplementedError

    def forward(
        self,
        queries: Float[Tensor, "B T d_query"],
        keys: Float[Tensor, "B S d_key"],
        padding: Bool[Tensor, "B S"] | None = None,  # True where the keys are padding
    ) -> tuple[Float[Tensor, "B T d_key"], Float[Tensor, "B T S"]]:
        """Return the context of every query, and the weights it is made with."""
        raise NotImplementedError
