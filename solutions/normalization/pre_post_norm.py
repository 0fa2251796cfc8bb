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

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import nn


class Residual(nn.Module):
    """One block: the `sublayer` that was handed in, and `norm`, an nn.LayerNorm."""

    def __init__(
        self, sublayer: nn.Module, d_model: int, pre_norm: bool, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.sublayer, self.pre_norm = sublayer, pre_norm
        self.norm = nn.LayerNorm(d_model)
        # ✗ self.norm = nn.LayerNorm(d_model, elementwise_affine=False) — The norm has no scale and
        #   shift to learn: leave torch's default.
        self.dropout = nn.Dropout(dropout)
        # ✗ self.dropout = nn.Dropout(dropout, inplace=True) — A sublayer may return the very tensor that it
        #   got, so dropping in place reaches x itself, or what the sublayer keeps for the backward pass:
        #   drop into a new tensor.
        # ✗ self.dropout = nn.Dropout(dropout); [nn.init.xavier_uniform_(p) for p in sublayer.parameters() if p.ndim > 1] —
        #   The sublayer's weights are drawn anew, though it may be a trained one: leave it as it was
        #   handed in.
        # ✗ self.dropout = nn.Identity() — The argument dropout has no effect: drop with that
        #   probability.

    def forward(self, x: Float[torch.Tensor, "*B d_model"]) -> Float[torch.Tensor, "*B d_model"]:
        if self.pre_norm:
            # ✗ if not self.pre_norm: — The two orders have changed places: pre-norm normalises before
            #   the sublayer.
            return x + self.dropout(self.sublayer(self.norm(x)))
            # ✗ x = self.norm(x); return x + self.dropout(self.sublayer(x)) — The residual stream itself
            #   is normalised: add to the x that came in.
            # ✗ return x + self.sublayer(self.dropout(self.norm(x))) — Dropout acts on what goes into
            #   the sublayer: drop from what comes out.
            # ✗ return self.dropout(x + self.sublayer(self.norm(x))) — The residual stream loses elements
            #   too: drop only from what the sublayer returns.
            # ✗ return x + self.dropout(self.norm(self.sublayer(x))) — The sublayer's output is
            #   normalised: normalise its input.
            # ✗ return self.dropout(self.sublayer(self.norm(x))) — Nothing is added to x: that sum is
            #   the residual connection.
            # ✗ return self.norm(x + self.dropout(self.sublayer(self.norm(x)))) — The norm is applied
            #   before and after: pre-norm leaves the sum as it is.
            # ✗ return x + self.sublayer(self.norm(x)) — Nothing is dropped in this order: drop from
            #   what the sublayer returns.
        return self.norm(x + self.dropout(self.sublayer(x)))
        # ✗ return x + self.norm(self.dropout(self.sublayer(x))) — Only the sublayer's output is
        #   normalised: post-norm normalises the sum.
        # ✗ return self.norm(self.dropout(x + self.sublayer(x))) — The residual stream loses elements
        #   too: drop only from what the sublayer returns.
        # ✗ return self.dropout(self.norm(x + self.sublayer(x))) — Dropout comes last: it belongs
        #   between the sublayer and the sum.
        # ✗ return self.norm(x + self.sublayer(self.dropout(x))) — Dropout acts on what goes into the
        #   sublayer: drop from what comes out.
        # ✗ return self.norm(self.dropout(self.sublayer(x)).add_(x)) — The sum is written into what the
        #   sublayer returned, which may be x itself: add into a new tensor.
        # ✗ return self.norm(self.dropout(self.sublayer(x))) — Nothing is added to x: that sum is the
        #   residual connection.


class ResidualStack(nn.Module):
    """One Residual for each sublayer in `blocks`; with pre_norm, an nn.LayerNorm `final_norm`.

    There is at least one sublayer.
    """

    def __init__(
        self, sublayers: Sequence[nn.Module], d_model: int, pre_norm: bool, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Residual(s, d_model, pre_norm, dropout) for s in sublayers)
        # ✗ self.blocks = [Residual(s, d_model, pre_norm, dropout) for s in sublayers] — Modules in a
        #   plain list are neither trained, saved nor moved: keep them in a ModuleList.
        # ✗ self.blocks = nn.ModuleList(Residual(s, d_model, pre_norm) for s in sublayers) — The blocks
        #   never hear of dropout: pass it on.
        # ✗ self.blocks = nn.ModuleList(Residual(sublayers[0], d_model, pre_norm, dropout) for _ in sublayers) —
        #   One sublayer serves every block: each has its own.
        self.final_norm = nn.LayerNorm(d_model) if pre_norm else nn.Identity()
        # ✗ self.final_norm = nn.Identity() — The sum that leaves a pre-norm stack was never normalised:
        #   add a norm at the end.
        # ✗ self.final_norm = nn.LayerNorm(d_model) — A post-norm stack ends with a norm already: add
        #   one to a pre-norm stack only.

    def forward(self, x: Float[torch.Tensor, "*B d_model"]) -> Float[torch.Tensor, "*B d_model"]:
        for block in self.blocks:
            x = block(x)
            # ✗ x = x + block(x) — The block adds its input already: do not add it twice.
            # ✗ x = self.final_norm(block(x)) — The last norm comes after every block: apply it once,
            #   at the end.
        return self.final_norm(x)
        # ✗ return x — The sum that leaves a pre-norm stack is never normalised: apply the last norm.


# ✗ ResidualStack.forward — The blocks run in reverse: the first sublayer comes first.
def _(self, x):
    for block in reversed(self.blocks):
        x = block(x)
    return self.final_norm(x)
