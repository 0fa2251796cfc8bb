"""Attention masks: causal, padding, prefix and span, and a softmax that obeys them all.

All masks are boolean, with queries on the last axis but one and keys on the last axis. True
means: this query may look at this key.

- `causal_mask`: the T queries are the last T of S positions, T ≤ S. Each looks at its own position
  and at all before it. So the last query looks at everything.
- `padding_mask`: each sequence is real up to its length, from 0 to S, and padded after it. Every
  query may look at the real keys. The query axis has size 1, so that the mask broadcasts.
- `prefix_mask` (prefix language model): each sequence begins with a prefix of 0 … T positions.
  Inside the prefix all look at each other, in both directions; behind it the mask is causal.
- `span_mask`: query t looks at the keys from start[t] up to end[t], without end[t] itself. The
  bounds may lie outside 0 … S, and a span may be empty.

`masked_softmax` takes the softmax over the last axis of `scores`, over the keys that every one of
the masks lets through; all other weights are exactly zero. A query that is left with no key
gets weights that are all zero. No NaN may appear there, in the weights or in the scores' gradient.
Each mask has an axis or more and broadcasts to the shape of the scores. Scores lie between −10¹²
and 10¹² and keep their dtype; without any mask this is the plain softmax.

Masks live on the device that is named, or on that of the tensors they are made from.

>>> causal_mask(2, 3).int().tolist()
[[1, 1, 0], [1, 1, 1]]
>>> padding_mask(torch.tensor([3, 1]), 4).int().tolist()
[[[1, 1, 1, 0]], [[1, 0, 0, 0]]]
>>> masked_softmax(torch.zeros(2, 3), causal_mask(2, 3)).tolist()[0]
[0.5, 0.5, 0.0]
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def causal_mask(T: int, S: int, device: torch.device | str | None = None) -> Bool[Tensor, "T S"]:
    """Return the mask of T queries that are the last T of S positions."""
    queries = torch.arange(S - T, S, device=device)
    # ✗ queries = torch.arange(T, device=device) — The queries are lined up with the first keys: with
    #   more keys than queries they are the last positions.
    # ✗ queries = torch.arange(S - T, S) — The mask is made on the CPU, wherever the scores are: use
    #   the device that is named.
    return torch.arange(S, device=device) <= queries[:, None]
    # ✗ return torch.arange(S, device=device) < queries[:, None] — A position is hidden from itself:
    #   let the diagonal through.
    # ✗ return torch.arange(S, device=device) > queries[:, None] — This is True where a key is hidden:
    #   True means that the query may look.
    # ✗ return torch.arange(S, device=device) >= queries[:, None] — Each query looks at the future
    #   instead of the past: keys up to its own position are let through.
    # ✗ return torch.where(torch.arange(S, device=device) <= queries[:, None], 0.0, -math.inf) — This is
    #   an additive mask: a boolean one is asked for.


def padding_mask(lengths: Int[Tensor, "B"], S: int) -> Bool[Tensor, "B 1 S"]:
    """Return the mask that hides what comes after each sequence's end."""
    keys = torch.arange(S, device=lengths.device)
    # ✗ keys = torch.arange(S) — The mask is made on the CPU, wherever the lengths are: follow their
    #   device.
    return (keys < lengths[:, None])[:, None, :]
    # ✗ return (keys <= lengths[:, None])[:, None, :] — One key too many: the last real one stands at
    #   length − 1.
    # ✗ return (keys >= lengths[:, None])[:, None, :] — This is True at the padding: True means that a
    #   query may look.
    # ✗ return (keys < lengths[:, None])[:, :, None] — This hides padded queries: keys are the last
    #   axis.
    # ✗ return keys < lengths[:, None] — Without an axis for the queries the batch is taken for them as
    #   soon as the mask broadcasts: put one in between.
    # ✗ return (keys >= S - lengths[:, None])[:, None, :] — The padding is taken to be in front: it
    #   comes after the real keys.


def prefix_mask(prefix: Int[Tensor, "B"], T: int) -> Bool[Tensor, "B T T"]:
    """Return the mask that is causal but for the prefix, which sees itself both ways."""
    positions = torch.arange(T, device=prefix.device)
    in_prefix = positions < prefix[:, None, None]  # B 1 T, over the keys
    # ✗ in_prefix = torch.zeros_like(prefix[:, None, None] < positions) — The mask is causal inside the
    #   prefix too: let the prefix look ahead within itself.
    # ✗ in_prefix = (positions < prefix[:, None, None]).mT — Queries of the prefix look at what
    #   follows it: only keys of the prefix are seen by all.
    # ✗ in_prefix = positions <= prefix[:, None, None] — The prefix gets one position too many: it ends
    #   before the position that is its length.
    return in_prefix | (positions <= positions[:, None])
    # ✗ return in_prefix & (positions <= positions[:, None]) — Both conditions at once leave only the
    #   past of the prefix: either is enough to look.
    # ✗ return in_prefix.expand(-1, T, T) — What follows the prefix is hidden from all: add the causal
    #   mask.
    # ✗ return ~(in_prefix | (positions <= positions[:, None])) — This is True where a key is hidden:
    #   True means that the query may look.


def span_mask(
    start: Int[Tensor, "*B T"], end: Int[Tensor, "*B T"], S: int
) -> Bool[Tensor, "*B T S"]:
    """Return the mask that shows each query the keys of its own span."""
    keys = torch.arange(S, device=start.device)
    return (start[..., None] <= keys) & (keys < end[..., None])
    # ✗ return (start[..., None] <= keys) & (keys <= end[..., None]) — The end is not part of the span:
    #   stop before it.
    # ✗ return (start[..., None] < keys) & (keys < end[..., None]) — The start is part of the span: let
    #   it through.
    # ✗ return (start[..., None] <= keys) | (keys < end[..., None]) — Either bound alone lets in all
    #   that lies beyond the other: both must hold.
    # ✗ return (start[..., None] > keys) | (keys >= end[..., None]) — This is True outside the span:
    #   True means that the query may look.
    # ✗ return (start[..., None] % S <= keys) & (keys < end[..., None]) — A negative start counts from
    #   the end, as in a slice: here it lies before the first key.


def masked_softmax(
    scores: Float[Tensor, "*B T S"], *masks: Bool[Tensor, "..."]
) -> Float[Tensor, "*B T S"]:
    """Return the weights over the keys that every mask lets through."""
    for mask in masks:
        # ✗ for mask in masks[:1]: — Only the first mask counts: apply all of them.
        scores = scores.masked_fill(~mask, -math.inf)
        # ✗ scores = scores.masked_fill(mask, -math.inf) — The mask is read the wrong way round: True
        #   means that the query may look.
        # ✗ scores = scores + torch.where(mask, 0.0, -math.inf).to(scores) — An added −∞ lets the NaN of
        #   an empty row back into the gradient: overwrite the scores.
        # ✗ scores = scores * mask — A score of zero still gets weight, since exp(0) is one: hide a key
        #   with −∞.
        # ✗ scores = scores.masked_fill(~mask, -1e4) — Real scores may be lower than −10⁴ or −10⁹, and
        #   hidden keys then win: use −∞.
    weights = scores.softmax(dim=-1)
    # ✗ weights = scores.softmax(dim=-2) — The softmax runs over the queries: a query's weights sum to
    #   one over its keys.
    return weights.masked_fill(scores == -math.inf, 0.0)
    # ✗ return weights — In a row with every key hidden the softmax divides zero by zero: its weights
    #   have to be zero.
    # ✗ return weights if weights.isfinite().all() else torch.zeros_like(weights) — One empty row wipes
    #   out all the others: set the hidden weights of each row to zero.


# ✗ masked_softmax — A key that any of the masks lets through gets weight: all of them must let it
#   through.
def _(scores, *masks):
    seen = torch.zeros_like(scores, dtype=torch.bool) if masks else torch.ones_like(scores).bool()
    for mask in masks:
        seen = seen | mask
    return scores.masked_fill(~seen, -math.inf).softmax(-1).masked_fill(~seen, 0.0)


# ✗ masked_softmax — Masking after the softmax leaves weights that no longer sum to one: hide the
#   scores before it.
def _(scores, *masks):
    weights = scores.softmax(dim=-1)
    for mask in masks:
        weights = weights.masked_fill(~mask, 0.0)
    return weights


# ✗ masked_softmax — Where real scores are lower than the number that hides a key, hidden keys take all of
#   the sum, and zeroing them afterwards leaves nothing: use −∞.
def _(scores, *masks):
    seen = torch.ones_like(scores, dtype=torch.bool)
    for mask in masks:
        seen = seen & mask
    fill = max(-1e9, torch.finfo(scores.dtype).min)
    return scores.masked_fill(~seen, fill).softmax(dim=-1).masked_fill(~seen, 0.0)


# ✗ masked_softmax — Empty rows are looked for in one mask after the other, but a row may be empty only
#   once all of them are applied: put the masks together first.
def _(scores, *masks):
    empty = torch.zeros_like(scores[..., :1], dtype=torch.bool)
    for mask in masks:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        empty = empty | ~mask.expand(scores.shape).any(dim=-1, keepdim=True)
    return scores.softmax(dim=-1).masked_fill(empty, 0.0)


# ✗ masked_softmax — A large negative number in place of −∞ spreads the weight of an empty row over
#   hidden keys: such a row has to be zero.
def _(scores, *masks):
    for mask in masks:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1)
