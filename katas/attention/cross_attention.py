"""Multi-head cross-attention: a decoder looks at the encoder's memory.

Queries come from the decoder states `x`, keys and values from `memory`, which has a length and a
width of its own:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order and
projected back.

`padding` is True where the memory is padding: nobody looks there. If a memory is padding
altogether, every weight is zero, and so are the heads before the last projection. No NaN may
appear then, in the output or in a gradient.

Each call looks at the memory and the padding of that call alone. The output has the shape, device
and dtype of `x`, half precision included. There is no dropout.

>>> layer = CrossAttention(d_model=8, d_memory=6, n_heads=2)
>>> layer(torch.zeros(3, 5, 8), memory=torch.zeros(3, 7, 6)).shape
torch.Size([3, 5, 8])
"""

# Not allowed, since it would be the whole exercise:
# torch.nn.functional.scaled_dot_product_attention, torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Linear layers to d_model, all with bias.

    `q_proj` and `out_proj` start from d_model, `k_proj` and `v_proj` from d_memory. Raise
    ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, d_memory: int, n_heads: int) -> None:
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B S d_memory"],
        padding: Bool[Tensor, "B S"] | None = None,  # True where the memory is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every decoder state gathers from the memory."""
        raise NotImplementedError
