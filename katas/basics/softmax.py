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

# Not allowed, since it would be the whole exercise: torch.nn.functional.softmax, torch.logsumexp,
# and what does the same.

import numpy as np
from jaxtyping import Float, Real


def softmax(x: Real[np.ndarray, "*shape"], axis: int = -1) -> Float[np.ndarray, "*shape"]:
    """Return the softmax of `x` along `axis`, which may be negative."""
    raise NotImplementedError
