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

# Not allowed, since it would be the whole exercise: torch.nn.functional.softmax,
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import numpy as np
from jaxtyping import Bool, Float


def scaled_dot_product_attention(
    q: Float[np.ndarray, "*B T d"],
    k: Float[np.ndarray, "*B S d"],
    v: Float[np.ndarray, "*B S d_v"],
    mask: Bool[np.ndarray, "..."] | None = None,  # True where a query may look at a key
) -> tuple[Float[np.ndarray, "*B T d_v"], Float[np.ndarray, "*B T S"]]:
    """Return the output and the weights."""
    raise NotImplementedError
