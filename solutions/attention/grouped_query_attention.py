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

import math

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
    if q.shape[1] % k.shape[1]:
        raise ValueError(f"the heads of {q.shape=} cannot share those of {k.shape=} evenly")
    # ✗ pass — Heads that do not divide make groups of different sizes: refuse them.
    grouped = q.unflatten(1, (k.shape[1], -1))  # B n_kv_heads g T d_head
    # ✗ grouped = q.unflatten(1, (-1, k.shape[1])).transpose(1, 2) — The query heads are dealt out in
    #   turn, as by a repetition of the whole: neighbours form a group.
    scores = torch.einsum("bhgtd,bhsd->bhgts", grouped, k) / math.sqrt(q.shape[-1])
    # ✗ scores = torch.einsum("bhgtd,bhsd->bhgts", grouped, k) — Unscaled scores saturate the softmax:
    #   divide by √d_head.
    # ✗ scores = torch.einsum("bhgtd,bhsd->bhgts", grouped, k) / math.sqrt(q.shape[-1] * q.shape[1]) —
    #   Each dot product runs over one head's features: scale by the root of d_head, not of d_model.
    # ✗ scores = torch.einsum("bhgtd,bhsd->bhgts", grouped, k) / math.sqrt(q.shape[-1] * grouped.shape[2])
    #   — The sharing changes no dot product: scale by the root of d_head, without the group's size.
    # ✗ scores = torch.einsum("bhtd,bhsd->bhts", grouped.mean(2), k)[:, :, None].expand(*grouped.shape[:4],
    #   -1) / math.sqrt(q.shape[-1]) — The queries of a group are merged: only keys and values are shared.
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None], -math.inf)
        # ✗ pass — The mask has no effect: hide keys before the softmax.
        # ✗ scores = scores.masked_fill(mask[:, None, None], -math.inf) — The mask is read the wrong way
        #   round: True means that the query may look.
        # ✗ scores = scores + torch.where(mask[:, None, None], 0.0, -math.inf).to(scores.dtype) — An added
        #   −∞ lets the NaN of a query without keys back into the gradient: overwrite the scores.
        # ✗ scores = scores.masked_fill(~mask[:, None, None], -1e4) — Beside real scores that are lower
        #   still, −10⁴ is not low: use −∞.
        # ✗ scores = scores.masked_fill(~mask[:1, None, None], -math.inf) — The first sequence's mask is
        #   held against all others: each has its own.
    weights = scores.softmax(dim=-1)
    # ✗ weights = scores.softmax(dim=-2) — The softmax runs over the queries: each query's weights sum
    #   to one over the keys.
    # ✗ weights = scores.softmax(dim=2) — The heads of a group compete with each other: each has its
    #   own weights over the keys.
    # ✗ weights = (scores - scores.max()).exp(); weights = weights / weights.sum(-1, keepdim=True) — One
    #   maximum for all lets queries with lower scores vanish: subtract each query's own.
    # ✗ weights = scores.softmax(dim=-1, dtype=torch.promote_types(q.dtype, torch.float32)) — Weights in
    #   float32 do not meet values in half precision: turn them back before the product.
    # ✗ weights = scores.clamp(min=-1e9).softmax(dim=-1) — float16 ends at −65504 and cannot hold −10⁹:
    #   hide a key with −∞, which every dtype has.
    if mask is not None:
        weights = weights.masked_fill(~mask[:, None, None], 0.0)
        # ✗ pass — With every key hidden the softmax divides zero by zero: such a query has weights of
        #   zero.
        # ✗ weights = weights.masked_fill(~mask[:, None, None], 0.0); mask[~mask.any(-1)] = True — The
        #   caller's mask is changed: what was handed in is not yours to write into.
        # ✗ weights = scores.clamp(min=-1e9).softmax(dim=-1) — Scores that are all equally low become
        #   equal weights: a query that may look nowhere gets zeros.
    return torch.einsum("bhgts,bhsd->bhgtd", weights, v).flatten(1, 2)
    # ✗ return torch.einsum("bhgts,bhsd->bghtd", weights, v).flatten(1, 2) — The groups are taken apart on
    #   the way out: join the heads in the order in which they came.
    # ✗ return torch.einsum("bhgts,bhsd->bhgtd", weights, k).flatten(1, 2) — Keys are gathered: they
    #   say where to look, what is there stands in the values.


class GroupedQueryAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`, all without bias.

    `q_proj` and `out_proj` go from d_model to d_model, `k_proj` and `v_proj` from d_model to
    n_kv_heads · d_head. Raise ValueError if n_heads does not divide d_model, or n_kv_heads n_heads.
    """

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError(f"{n_kv_heads=} must divide {n_heads=}, which must divide {d_model=}")
        # ✗ pass — Widths that cannot be shared out evenly are accepted: check both in the constructor.
        # ✗ assert d_model % n_heads == 0 and n_heads % n_kv_heads == 0 — An assertion raises
        #   AssertionError and disappears under `python -O`: raise ValueError.
        # ✗ if d_model % n_heads or d_model % n_kv_heads: raise ValueError(d_model) — What has to be divisible
        #   by n_kv_heads is the number of query heads, not the width.
        self.d_head = d_model // n_heads
        # ✗ self.d_head = d_model // n_kv_heads — Sharing makes heads fewer, not wider: d_head is d_model
        #   over n_heads.
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        # ✗ self.k_proj = nn.Linear(d_model, d_model, bias=False) — The keys are projected at full width,
        #   which saves nothing: there are n_kv_heads heads of them.
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        # ✗ self.v_proj = nn.Linear(d_model, d_model, bias=False) — The values are projected at full width,
        #   which saves nothing: there are n_kv_heads heads of them.
        # ✗ self.v_proj = self.k_proj — Keys are used as values too: the values have a projection of
        #   their own.
        self.out_proj = nn.Linear(d_model, d_model, bias=False)
        # ✗ self.out_proj = nn.Linear(d_model, d_model) — There is a bias too many: no layer has one.

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from itself and the real tokens before it."""
        B, T, _ = x.shape
        mask = torch.ones(B, T, T, dtype=torch.bool, device=x.device).tril()
        # ✗ mask = torch.ones(512, 512, dtype=torch.bool, device=x.device).tril()[:T, :T].expand(B, T, T) — The
        #   causal mask is made for a number of tokens that nobody promised: make it as long as the input.
        # ✗ mask = torch.ones(B, T, T, dtype=torch.bool).tril() — The mask is made on the CPU, wherever
        #   the tokens are: make it on their device.
        # ✗ mask = torch.ones(B, T, T, dtype=torch.bool, device=x.device) — A token looks at those that come
        #   after it: hide the future.
        # ✗ mask = torch.ones(B, T, T, dtype=torch.bool, device=x.device).tril(-1) — A token is hidden from
        #   itself: let the diagonal through.
        # ✗ mask = torch.ones(B, T, T, dtype=torch.bool, device=x.device).triu() — The past is hidden, not
        #   the future: a token looks back.
        if padding is not None:
            mask = mask & ~padding[:, None, :]
            # ✗ pass — Padding still receives attention: hide it as a key.
            # ✗ mask = ~padding[:, None, :].expand(B, T, T) — The padding silences the causal mask: both hold
            #   at once.
            # ✗ mask = mask & padding[:, None, :] — The padding is read the wrong way round: True means
            #   padding.
            # ✗ mask = mask & ~padding[:, :, None] — Padding is hidden as a query and still seen as a key:
            #   its axis is the last one.
        q, k, v = map(self._split, (self.q_proj(x), self.k_proj(x), self.v_proj(x)))
        # ✗ k, q, v = map(self._split, (self.q_proj(x), self.k_proj(x), self.v_proj(x))) — Queries and keys
        #   have changed places: it is keys and values that are few.
        heads = grouped_attention(q, k, v, mask).transpose(1, 2)  # B T n_heads d_head
        # ✗ wide = torch.promote_types(x.dtype, torch.float32); heads = grouped_attention(q.to(wide),
        #   k.to(wide), v.to(wide), mask).transpose(1, 2) — Half precision is widened and never turned back,
        #   and the output projection refuses what does not have its weights' dtype: turn the heads back.
        # ✗ heads = grouped_attention(q, k, v, mask) — Flattened in this order the result mixes heads with
        #   tokens: bring the token axis back before the head axis.
        return self.out_proj(heads.reshape(x.shape))
        # ✗ return heads.reshape(x.shape) — The heads are only laid side by side: mix them with the output
        #   projection.

    def _split(self, x: Float[Tensor, "B T width"]) -> Float[Tensor, "B heads T d_head"]:
        return x.unflatten(-1, (-1, self.d_head)).transpose(1, 2)
        # ✗ return x.reshape(x.shape[0], -1, x.shape[1], self.d_head) — Reshaping straight to this shape
        #   cuts tokens across heads: split the features, then swap the axes.
        # ✗ return x.unflatten(-1, (self.d_head, -1)).permute(0, 3, 1, 2) — The features are dealt out to the
        #   heads in turn: give each head a block of neighbours.


# ✗ grouped_attention — Keys and values are repeated as a whole, so that every query head meets those of
#   another group: repeat each head in place, or better none.
def _(q, k, v, mask=None):
    if q.shape[1] % k.shape[1]:
        raise ValueError(k.shape)
    g = q.shape[1] // k.shape[1]
    k, v = k.repeat(1, g, 1, 1), v.repeat(1, g, 1, 1)
    seen = (
        torch.ones_like(q[:, :, :, :1] @ k.mT[:, :, :1]).bool() if mask is None else mask[:, None]
    )
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~seen, -math.inf)
    return scores.softmax(dim=-1).masked_fill(~seen, 0.0) @ v


# ✗ grouped_attention — Each head of keys and values is copied for every query of its group, by a repetition or
#   by a reshape after `expand`, which takes the memory of multi-head attention: regroup the queries instead.
def _(q, k, v, mask=None):
    if q.shape[1] % k.shape[1]:
        raise ValueError(k.shape)
    k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)
        return scores.softmax(dim=-1).masked_fill(~mask[:, None], 0.0) @ v
    return scores.softmax(dim=-1) @ v


# ✗ grouped_attention — The query heads lie beside the tokens now, and the mask, laid out for tokens
#   alone, is repeated query by query: it repeats as a whole for each head.
def _(q, k, v, mask=None):
    if q.shape[1] % k.shape[1]:
        raise ValueError(k.shape)
    g, n_kv_heads = q.shape[1] // k.shape[1], k.shape[1]
    scores = q.reshape(len(q), n_kv_heads, -1, q.shape[-1]) @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        unseen = ~mask.repeat_interleave(g, dim=1)[:, None]
        scores = scores.masked_fill(unseen, -math.inf)
        return (scores.softmax(dim=-1).masked_fill(unseen, 0.0) @ v).reshape(q.shape)
    return (scores.softmax(dim=-1) @ v).reshape(q.shape)
