"""Stable softmax along any axis, in NumPy.

Turn scores into weights that are positive and sum to one along `axis`:

    softmax(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)

The result has the shape of `x`. Scores in float16, float32 or float64 keep their dtype; integers of
any width, signed or not, are taken as float64, and give it.

Scores may be as large as their dtype allows: nothing overflows, and a constant added to all scores
changes nothing. A score of −∞ gets weight zero. Where all scores along the axis are −∞, nothing can
be chosen, and all weights are zero. There are no NaN and no +∞ in `x`, and no axis is empty or
longer than a thousand. `x` is left as it is.

>>> softmax(np.array([1.0, 1.0, -np.inf]))
array([0.5, 0.5, 0. ])
>>> softmax(np.zeros((4, 5)), axis=0)[:, 2]
array([0.25, 0.25, 0.25, 0.25])
"""

import numpy as np
from jaxtyping import Float, Real


def softmax(x: Real[np.ndarray, "*shape"], axis: int = -1) -> Float[np.ndarray, "*shape"]:
    """Return the softmax of `x` along `axis`, which may be negative."""
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float64)
        # ✗ pass — Narrow integers wrap around when the maximum is subtracted, and their exponential
        #   is computed in half precision: convert them to float64 first.
        # ✗ x = (x - x.max(axis=axis, keepdims=True)).astype(np.float64) — Narrow integers wrap
        #   around when the maximum is subtracted: convert them to float64 first.
        # ✗ x = x.astype(np.int64).astype(np.float64) — The largest unsigned integers do not fit
        #   into int64 and become negative: convert to float64 at once.
        # ✗ x = x.astype(np.float32) — Integers become single precision: float64 is asked for.
    # ✗ x = x.astype(np.float64) — Single precision in must be single precision out: convert
    #   integers only.
    top = x.max(axis=axis, keepdims=True)
    # ✗ top = 0 * x.max(axis=axis, keepdims=True) — The exponential of a large score overflows:
    #   subtract the maximum first, which changes no weight.
    # ✗ top = x.max() — One maximum for the whole array makes slices of low scores vanish, and 0/0
    #   is NaN: take the maximum of each slice.
    # ✗ top = x.max(axis=-1, keepdims=True) — The maximum is always that of the last axis, so other
    #   slices may underflow: take it along the axis that is asked for.
    # ✗ top = x.max(axis=axis) — The reduced axis is gone, so the maxima are subtracted along the
    #   wrong axis or not at all: keep the axis with size one.
    # ✗ top = np.where(np.isneginf(x), -1e9, x).max(axis=axis, keepdims=True) — A finite stand-in
    #   for −∞ may lie above very low scores, and then every exponential is zero: leave −∞ as it is.
    # ✗ top = np.abs(x).max(axis=axis, keepdims=True) — The largest magnitude may lie far from the
    #   largest score, and then every exponential is zero: subtract the maximum itself.
    top = np.where(np.isneginf(top), 0, top)
    # ✗ pass — In a slice of −∞ only, −∞ minus −∞ is NaN: treat such a slice on its own, and give it
    #   zeros.
    powers = np.exp(x - top)
    # ✗ powers = np.exp(top - x) — The sign of the scores is turned round, so the lowest wins:
    #   subtract the maximum from the scores.
    total = powers.sum(axis=axis, keepdims=True)
    # ✗ total = powers.sum(keepdims=True) — Everything together sums to one: each slice along the
    #   axis has to.
    # ✗ total = powers.sum(axis=-1, keepdims=True) — The axis is ignored: sum along the one that is
    #   asked for.
    # ✗ total = powers.sum(axis=axis) — The reduced axis is gone, so the sums divide along the wrong
    #   axis or not at all: keep the axis with size one.
    return powers / np.where(total == 0, 1, total)
    # ✗ norm = np.logaddexp.reduce(x, axis=axis, keepdims=True); return np.exp(x - np.where(np.isneginf(norm), 0, norm)) —
    #   The logarithm of the sum is lost in the rounding of large scores, and the weights no longer
    #   sum to one: subtract the maximum first and divide by the sum.
    # ✗ return np.where(total == 0, 1 / x.shape[axis], powers / total) — A slice of −∞ only gets
    #   equal weights, although nothing in it may be chosen: give it the weight zero.
    # ✗ return powers / (total + 1e-8) — An ε in the denominator keeps zero from being divided by
    #   zero, but the other weights no longer sum to one: treat the empty slice on its own.
    # ✗ return powers / (total + 1e-6) — An ε in the denominator keeps zero from being divided by
    #   zero, but the other weights no longer sum to one: treat the empty slice on its own.
