"""Attention over any number of leading axes, with an additive mask.

    output = softmax(q kᵀ / √d + mask) v

The leading axes, be they batch, heads, groups or none at all, are the same in `q`, `k` and `v`. Two
calls of `torch.einsum` with an ellipsis say it in one line each, but any way will do.

The mask is added to the scaled scores. It has the dtype of `q` and any shape that broadcasts to
(*B, T, S), with one axis at least. Its entries are finite biases, however low, or −∞ where a query
must not look at a key. The mask may be learned: it gets its gradient like the other inputs.

A query that is left with −∞ only has a zero output and passes back zero gradients, free of NaN.
Scores may be in the thousands. The result has the dtype and device of `q`.

>>> q, k, v = torch.zeros(2, 1, 4), torch.zeros(2, 3, 4), torch.tensor([[1.0], [2.0], [6.0]])
>>> einsum_attention(q, k, v.expand(2, 3, 1))[0]
tensor([[3.]])
>>> einsum_attention(q, k, v.expand(2, 3, 1), mask=torch.tensor([0.0, 0.0, -torch.inf]))[0]
tensor([[1.5000]])
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor


def einsum_attention(
    q: Float[Tensor, "*B T d"],
    k: Float[Tensor, "*B S d"],
    v: Float[Tensor, "*B S d_v"],
    mask: Float[Tensor, "..."] | None = None,  # added to the scores
) -> Float[Tensor, "*B T d_v"]:
    """Return the values that each query gathers."""
    raise NotImplementedError
