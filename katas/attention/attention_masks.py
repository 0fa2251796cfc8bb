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

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def causal_mask(T: int, S: int, device: torch.device | str | None = None) -> Bool[Tensor, "T S"]:
    """Return the mask of T queries that are the last T of S positions."""
    raise NotImplementedError


def padding_mask(lengths: Int[Tensor, "B"], S: int) -> Bool[Tensor, "B 1 S"]:
    """Return the mask that hides what comes after each sequence's end."""
    raise NotImplementedError


def prefix_mask(prefix: Int[Tensor, "B"], T: int) -> Bool[Tensor, "B T T"]:
    """Return the mask that is causal but for the prefix, which sees itself both ways."""
    raise NotImplementedError


def span_mask(
    start: Int[Tensor, "*B T"], end: Int[Tensor, "*B T"], S: int
) -> Bool[Tensor, "*B T S"]:
    """Return the mask that shows each query the keys of its own span."""
    raise NotImplementedError


def masked_softmax(
    scores: Float[Tensor, "*B T S"], *masks: Bool[Tensor, "..."]
) -> Float[Tensor, "*B T S"]:
    """Return the weights over the keys that every mask lets through."""
    raise NotImplementedError
