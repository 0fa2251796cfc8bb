"""Residual connections with layer norm, in both orders.

A residual block adds what a sublayer computes to its input. The original Transformer normalises the
sum (post-norm), later ones the sublayer's input (pre-norm):

    post:  y = norm(x + dropout(sublayer(x)))
    pre:   y = x + dropout(sublayer(norm(x)))

Dropout acts on what the sublayer returns, never on x itself, and in training mode only. A stack
applies one block after the other. A pre-norm stack is normalised once more at its end, since nothing
has normalised the sum; a post-norm stack has no norm of its own.

Every sublayer maps (*B, d_model) to the same shape and may be any module, even one that returns its
input. It is handed in as it is to be used: its weights and its mode stay. The norms are layer norms
over the last axis, with scale, shift and torch's default eps.

>>> block = Residual(nn.Linear(4, 4), d_model=4, pre_norm=True)
>>> block(torch.zeros(2, 3, 4)).shape
torch.Size([2, 3, 4])
>>> stack = ResidualStack([nn.Identity(), nn.Identity()], d_model=2, pre_norm=False)
>>> stack(torch.tensor([[1.0, 3.0]])).round(decimals=3)
tensor([[-1.,  1.]], grad_fn=<RoundBackward1>)
>>> sorted(stack.state_dict())
['blocks.0.norm.bias', 'blocks.0.norm.weight', 'blocks.1.norm.bias', 'blocks.1.norm.weight']
"""

# Not allowed, since it would be the whole exercise: torch.nn.TransformerEncoderLayer,
# torch.nn.functional.rms_norm, and what does the same.

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import nn


class Residual(nn.Module):
    """One block: the `sublayer` that was handed in, and `norm`, an nn.LayerNorm."""

    def __init__(
        self, sublayer: nn.Module, d_model: int, pre_norm: bool, dropout: float = 0.0
    ) -> None:
        raise NotImplementedError

    def forward(self, x: Float[torch.Tensor, "*B d_model"]) -> Float[torch.Tensor, "*B d_model"]:
        raise NotImplementedError


class ResidualStack(nn.Module):
    """One Residual for each sublayer in `blocks`; with pre_norm, an nn.LayerNorm `final_norm`.

    There is at least one sublayer.
    """

    def __init__(
        self, sublayers: Sequence[nn.Module], d_model: int, pre_norm: bool, dropout: float = 0.0
    ) -> None:
        raise NotImplementedError

    def forward(self, x: Float[torch.Tensor, "*B d_model"]) -> Float[torch.Tensor, "*B d_model"]:
        raise NotImplementedError
