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

import math

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
    scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    # ✗ scores = torch.einsum("btd,bsd->bts", q, k) / math.sqrt(q.shape[-1]) — One letter for the leading
    #   axes fits one axis only: an ellipsis stands for any number.
    # ✗ scores = torch.einsum("bhtd,bhsd->bhts", q, k) / math.sqrt(q.shape[-1]) — Two letters for the
    #   leading axes fit two axes only: an ellipsis stands for any number.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) / torch.sqrt(q.shape[-1]) — torch's root takes
    #   tensors, and the width is an int: use that of `math`, or a power.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) / torch.full((1,), q.shape[-1]).sqrt() — The
    #   divisor (or a default mask) is a new tensor on the CPU, where the scores need not be: do without it,
    #   or make it where the queries are.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) / math.isqrt(q.shape[-1]) — The integer root
    #   rounds down: take the root as a float.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) — Unscaled scores saturate the softmax: divide
    #   by √d.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) / q.shape[-1] — A dot product of d terms grows
    #   like the root of d: take the square root.
    # ✗ scores = torch.einsum("...td,...se->...ts", q, k) / math.sqrt(q.shape[-1]) — With two letters for
    #   the width, queries and keys are summed separately: share the letter.
    # ✗ scores = torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(v.shape[-1]) — The values take no
    #   part in the dot product: scale by the width of the queries.
    if mask is not None:
        scores = scores + mask
        # ✗ pass — The mask has no effect: add it before the softmax.
        # ✗ scores = scores * mask — The mask is multiplied: an additive one is added.
        # ✗ scores = scores + mask / math.sqrt(q.shape[-1]) — The mask is scaled too: only the products
        #   are.
        # ✗ scores = scores.masked_fill(mask == -math.inf, -math.inf) — Finite biases are ignored: add the
        #   mask as it is.
        # ✗ scores = scores + mask.detach() — A learned mask gets no gradient: leave it in the graph.
        # ✗ scores = scores + mask.clamp(min=-1e4) — Real scores can be lower than −10⁴, and then hidden
        #   keys win: leave −∞ as it is.
        # ✗ scores = scores + mask; scores = scores.masked_fill(scores < -1e4, -math.inf) — Low scores are
        #   taken for hidden keys, and a query with low scores only looks nowhere: −∞ alone hides a key.
        # ✗ scores = scores + mask.float() — The mask is rounded to single precision: leave its dtype.
        # ✗ scores = scores - mask — The mask is subtracted, so −∞ becomes +∞: add it.
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    # ✗ blind = torch.zeros_like(scores[..., :1], dtype=torch.bool) — A softmax over −∞ only is zero over
    #   zero: treat such a row apart.
    # ✗ blind = (scores <= -1e9).all(dim=-1, keepdim=True) — A query with low biases only is taken for one
    #   without keys: it has none only where all is −∞.
    # ✗ blind = (scores == -math.inf).any(dim=-1, keepdim=True) — A row with one hidden key is dropped
    #   altogether: only rows with no key left are.
    weights = scores.masked_fill(blind, 0.0).softmax(dim=-1).masked_fill(blind, 0.0)
    # ✗ weights = scores.softmax(dim=-1).nan_to_num(0.0) — The output is mended, but NaN from the softmax
    #   goes back through the sum to the inputs: overwrite such rows before the softmax too.
    # ✗ weights = scores.masked_fill(blind, 0.0).softmax(dim=-1) — A row with every key hidden averages
    #   all of them: its weights have to be zero.
    # ✗ weights = scores.masked_fill(blind, 0.0).softmax(dim=-2).masked_fill(blind, 0.0) — The softmax
    #   runs over the queries: each query's weights sum to one over the keys.
    # ✗ e = scores.masked_fill(blind, 0.0).exp(); weights = (e / e.sum(-1, keepdim=True)).masked_fill(blind, 0.0)
    #   — The exponential of a large score overflows: subtract the row's maximum first, or use the
    #   built-in softmax.
    return torch.einsum("...ts,...sv->...tv", weights, v)


# ✗ einsum_attention — The mask is applied after the softmax, so the weights no longer sum to one: add
#   it to the scores.
def _(q, k, v, mask=None):
    weights = (torch.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])).softmax(dim=-1)
    if mask is not None:
        weights = weights * mask.exp()
    return torch.einsum("...ts,...sv->...tv", weights, v)
