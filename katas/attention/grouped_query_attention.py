"""Grouped-query attention: neighbouring query heads share one head of keys and values.

There are n_heads heads of queries, but only n_kv_heads of keys and values. The query heads form
groups of g = n_heads / n_kv_heads neighbours: heads 0 … g − 1 look at head 0 of the keys and
values, the next g at head 1, and so on. Each query head has weights of its own:

    head_i = softmax(Q_i K_jᵀ / √d_head) V_j,    j = ⌊i / g⌋

With n_kv_heads = n_heads this is multi-head attention, with n_kv_heads = 1 multi-query attention.

`grouped_attention` is that equation, for T queries and S keys. `mask` is the same for all heads
and True where a query may look at a key; without it all may look everywhere. All inputs can be
views of any strides. A query that may look nowhere gets zeros, and no NaN may appear because of
that, in the output or in a gradient. Scores may be in the ten thousands.

Its memory is measured, on long contexts: K and V must not both lie there repeated for every query
head. A matrix product whose batch axes broadcast repeats its operand inside torch, for as long as
it takes; that is allowed, though regrouping the queries does without.

`GroupedQueryAttention` is causal self-attention made with it. Project the tokens, give each head
d_head = d_model / n_heads neighbouring features of its projection (head 0 the first d_head, and
so on), attend, join the heads in the same order, project back. A token looks at itself and at
those before it, but never at padding. Padding still asks, so its rows are computed like any
other.

Outputs have the dtype and device of their inputs, half precision included. There is no dropout, and
nothing limits the number of tokens.

>>> q, k, v = torch.ones(1, 6, 2, 4), torch.ones(1, 3, 5, 4), torch.ones(1, 3, 5, 4)
>>> v[:, 1] = 7.0
>>> grouped_attention(q, k, v)[0, :, 0, 0].tolist()
[1.0, 1.0, 7.0, 7.0, 1.0, 1.0]
>>> GroupedQueryAttention(d_model=8, n_heads=4, n_kv_heads=2)(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def grouped_attention(
    q: Float[Tensor, "B n_heads T d_head"],
    k: Float[Tensor, "B n_kv_heads S d_head"],
    v: Float[Tensor, "B n_kv_heads S d_head"],
    mask: Bool[Tensor, "B T S"] | None = None,  # True where a query may look
) -> Float[Tensor, "B n_heads T d_head"]:
    """Return what every query gathers; raise ValueError if n_kv_heads does not divide n_heads."""
    raise NotImplementedError


class GroupedQueryAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`, all without bias.

    `q_proj` and `out_proj` go from d_model to d_model, `k_proj` and `v_proj` from d_model to
    n_kv_heads · d_head. Raise ValueError if n_heads does not divide d_model, or n_kv_heads n_heads.
    """

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from itself and the real tokens before it."""
        raise NotImplementedError
