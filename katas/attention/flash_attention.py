"""Flash attention, forward pass.

Compute attention without ever holding the matrix of scores:

    softmax(Q Kᵀ / √d) V

Take `tile` queries and `tile` keys at a time. The last tile of either may be shorter, and `tile` may
be larger than both lengths. While the tiles of keys go by, keep for each query the largest score so
far, the sum of the exponentials and the weighted sum of the values (online softmax); whenever the
largest score grows, what has been summed so far has to follow.

Memory: beyond the inputs and the output there may be a few numbers per query and per key (a copy of
the inputs is well within that), and scores against one tile of keys at a time, of one tile of
queries or of all. Nothing may have a row for each query and a column for each key, not even the
mask, and no tile of queries may meet all keys at once. The grader counts the peak.

- `padding` is True where a key is padding, anywhere in a sequence: no query attends to it.
- With `causal` the last query stands beside the last key: query i sees the keys up to and including
  i + Tk − Tq, so that with fewer queries than keys the first ones look back on a prefix.
- A query that sees no key at all gets zeros.
- float16 and bfloat16 are computed in float32. The output has the dtype of `q`.

Finite inputs give finite and right results, however large the scores are that float32 can hold (or
float64, if `q` is float64), of either sign. Gradients are not asked for.

>>> q, k, v = torch.zeros(2, 3, 7, 4), torch.zeros(2, 3, 9, 4), torch.ones(2, 3, 9, 5)
>>> flash_attention(q, k, v, tile=4).shape
torch.Size([2, 3, 7, 5])
>>> v = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 1, 3, 1)
>>> flash_attention(q[:1, :1, :2], k[:1, :1, :3], v, tile=2, causal=True).flatten()
tensor([1.5000, 3.0000])
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def flash_attention(
    q: Float[Tensor, "B H Tq d"],
    k: Float[Tensor, "B H Tk d"],
    v: Float[Tensor, "B H Tk d_v"],
    *,
    tile: int,
    causal: bool = False,
    padding: Bool[Tensor, "B Tk"] | None = None,  # True where a key is padding
) -> Float[Tensor, "B H Tq d_v"]:
    """Return what every query gathers from the keys it sees, tile by tile."""
    raise NotImplementedError
