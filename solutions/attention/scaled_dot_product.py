"""Scaled dot-product attention, in NumPy.

Every query takes a weighted average of the values, by how well its key matches:

    weights = softmax(q kᵀ / √d),    output = weights v

The softmax runs over the S keys. There may be any number of leading axes, the same ones in `q`,
`k` and `v`, and none at all is fine. Every size is at least 1.

Where `mask` is False, a query must not look at a key: that weight is exactly zero, and the others
of the query sum to one without it. The mask may have any shape that broadcasts to (*B, T, S), with
one axis at least. A query that may look at nothing gets zero weights and a zero output.

Scores may be in the thousands: nothing may overflow or turn into NaN. Inputs are float32 or
float64, all three alike, and both results have the same dtype. Do not write into the inputs. The
softmax is part of the exercise.

>>> q, k, v = np.zeros((1, 2)), np.zeros((3, 2)), np.array([[1.0], [2.0], [6.0]])
>>> output, weights = scaled_dot_product_attention(q, k, v)
>>> output.round(4).tolist()
[[3.0]]
>>> scaled_dot_product_attention(q, k, v, mask=np.array([True, True, False]))[1].tolist()
[[0.5, 0.5, 0.0]]
"""

import math

import numpy as np
from jaxtyping import Bool, Float


def scaled_dot_product_attention(
    q: Float[np.ndarray, "*B T d"],
    k: Float[np.ndarray, "*B S d"],
    v: Float[np.ndarray, "*B S d_v"],
    mask: Bool[np.ndarray, "..."] | None = None,  # True where a query may look at a key
) -> tuple[Float[np.ndarray, "*B T d_v"], Float[np.ndarray, "*B T S"]]:
    """Return the output and the weights."""
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    # ✗ scores = q @ k.T / math.sqrt(q.shape[-1]) — `.T` reverses all axes, the leading ones too:
    #   swap the last two only.
    # ✗ scores = q @ np.swapaxes(k, -1, -2) — Unscaled scores grow like √d and saturate the softmax:
    #   divide by √d.
    # ✗ scores = q @ np.swapaxes(k, -1, -2) / q.shape[-1] — A dot product of d terms grows like the
    #   root of d, not like d: take the square root.
    # ✗ scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(v.shape[-1]) — The values take no part in the
    #   dot product: scale by the width of queries and keys.
    # ✗ scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(k.shape[-2]) — That is the number of keys:
    #   scale by the width of a query, the length of each dot product.
    # ✗ scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) — NumPy's root of an int is a
    #   float64 scalar, which turns float32 arrays into float64: divide by a Python float.
    # ✗ q /= math.sqrt(q.shape[-1]); scores = q @ np.swapaxes(k, -1, -2) — The scaling is written into
    #   the caller's queries: make a new array.
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
        # ✗ pass — The mask has no effect: take the forbidden keys out before the softmax.
        # ✗ scores = np.where(mask, -np.inf, scores) — The mask is read the wrong way round: True
        #   means that the query may look.
        # ✗ scores = scores * mask — A score of zero still gets weight, since exp(0) is one: hide a key
        #   with −∞.
        # ✗ scores = np.where(mask, scores, -1e9) — In a row with nothing to look at all scores are
        #   equally low, and become equal weights: let such a row come out as zeros.
        # ✗ scores = np.where(mask, scores, -1e4) — Real scores can be lower than −10⁴, and then the
        #   forbidden keys win: use −∞.
        # ✗ scores[~np.broadcast_to(mask, scores.shape)] = -1e2 — Weights of hidden keys have to be
        #   exactly zero, and exp(−100) is not: use −∞.
    highest = scores.max(axis=-1, keepdims=True)
    # ✗ highest = scores.max() — One maximum for the whole array leaves a row far below it with zeros
    #   only, and 0/0: subtract each row's own maximum.
    # ✗ highest = np.zeros_like(scores[..., :1]) — The exponential of a large score overflows: subtract
    #   the row's maximum first.
    # ✗ highest = np.abs(scores).max(axis=-1, keepdims=True) — The largest magnitude may belong to a
    #   negative score, and then every exponential underflows: take the largest score.
    # ✗ highest = scores.max(axis=-2, keepdims=True) — A key's maximum differs from entry to entry of
    #   a row and changes its weights: subtract the maximum over the keys of one query.
    highest = np.where(np.isfinite(highest), highest, 0.0)
    # ✗ pass — In a row with nothing to look at, −∞ minus −∞ and zero over zero are NaN: give such a
    #   row weights of zero.
    weights = np.exp(scores - highest)
    total = weights.sum(axis=-1, keepdims=True)
    # ✗ total = weights.sum(axis=-2, keepdims=True) — The softmax runs over the queries: each query's
    #   weights must sum to one over the keys, the last axis.
    # ✗ total = weights.sum() — One sum over everything makes all weights together one: sum over the
    #   keys of each query.
    weights = weights / np.where(total > 0, total, 1.0)
    # ✗ weights = weights / (total + 1e-6) — A small number in the denominator keeps the weights from
    #   summing to one: treat only the empty row apart.
    return weights @ v, weights
    # ✗ return weights, weights @ v — The two results are swapped: the output comes first.


# ✗ scaled_dot_product_attention — Masking after the softmax leaves weights that no longer sum to
#   one: hide the scores before it.
def _(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    if mask is not None:
        weights = np.where(mask, weights, 0.0)
    return weights @ v, weights
