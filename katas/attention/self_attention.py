"""Multi-head self-attention.

Project the tokens to queries, keys and values, let every head attend on its own, join the heads
and project back:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order.

Padding tokens (`padding` is True there, on either side or in between) are never attended to: as
keys they get weight zero, and each query's weights sum to one over the real tokens. Padding still
asks as queries, so its rows of the output are computed like any other. In a sequence that is all
padding, nothing is left to attend to: every weight is zero, and its rows of the output are the bias
of `out_proj`. Neither the output nor any gradient may hold NaN because of that.

The output has the shape, device and dtype of `x`, half precision included. Scores may be in the ten
thousands. There is no dropout.

>>> layer = SelfAttention(d_model=8, n_heads=2)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> padding = torch.tensor([[False, False, True]])
>>> x = torch.ones(1, 3, 8)
>>> x[0, 2] = 100.0  # what stands in the padding does not matter to the others
>>> torch.allclose(layer(x, padding)[0, :2], layer(x[:, :2])[0])
True
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`: d_model to d_model, with bias.

    Raise ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from the real tokens of its sequence."""
        raise NotImplementedError
