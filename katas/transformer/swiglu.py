"""The SwiGLU feed-forward network.

Let one projection of every token decide how much of another one passes:

    y = W_down (SiLU(W_gate x) ⊙ W_up x),    SiLU(z) = z · σ(z) = z / (1 + e⁻ᶻ)

Each token is treated alike and on its own; any axes may stand in front of the last one. There is no
bias, dropout or residual connection. The result has the shape and dtype of x. Outputs and gradients
stay finite when the gate's input is in the thousands.

>>> layer = SwiGLU(d_model=4, d_ff=6)
>>> layer(torch.zeros(2, 3, 4)).shape
torch.Size([2, 3, 4])
>>> sum(parameter.numel() for parameter in layer.parameters())
72
"""

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SwiGLU(nn.Module):
    """Linear layers without bias.

    `gate_proj` and `up_proj` lead from d_model to d_ff, `down_proj` leads back.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        raise NotImplementedError
