"""A linear layer with a low-rank adapter (LoRA).

Freeze a trained linear layer W, b and learn only a correction of low rank beside it:

    y = W x + b + (alpha / rank) · B A dropout(x)

- `base` is the layer that was handed in, not a copy: a plain nn.Linear, perhaps without bias. Its
  parameters no longer require gradients, neither now nor after merging and unmerging.
- `lora_A` of shape (rank, in_features) starts random, from a distribution with mean zero; `lora_B`
  of shape (out_features, rank) starts at zero, so a new layer computes exactly what `base` does.
  Both have the dtype and device of the base's weight, and they are all that trains.
- Dropout acts on the input of the adapter only, on each element on its own, in training mode only.

For deployment, `merge()` adds the correction to the weight of `base`, which stays the same Parameter
and from then on does all the work: no adapter, no dropout, and no gradient reaches `lora_A` and
`lora_B`. `unmerge()` takes the correction out again, up to rounding; no weight is changed meanwhile.
The bool `merged` says which state the layer is in; only these two methods change it, and asking for
the state it is already in changes nothing.

Nothing but the parameters of `base`, `lora_A` and `lora_B` belongs in the `state_dict`.

>>> base = nn.Linear(3, 2)
>>> layer = LoRALinear(base, rank=4, alpha=8.0)
>>> sorted(name for name, parameter in layer.named_parameters() if parameter.requires_grad)
['lora_A', 'lora_B']
>>> x = torch.randn(5, 3)
>>> torch.equal(layer(x), base(x))
True
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """A frozen `base` with trainable parameters `lora_A` and `lora_B`, not merged at first.

    Raise ValueError if rank is less than one.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"the rank must be at least one, not {rank}")
        # ✗ pass — A rank of zero divides by zero or leaves an adapter that cannot learn: refuse it
        #   in the constructor.
        # ✗ assert rank > 0 — An assertion raises AssertionError and disappears under `python -O`:
        #   raise ValueError for an argument that is wrong.
        self.base = base.requires_grad_(False)
        # ✗ self.base = base — The base layer still trains, and with it all the memory that LoRA was
        #   to save: turn its gradients off.
        # ✗ self.base = base; base.weight.requires_grad_(False) — The bias of the base layer still
        #   trains: freeze all its parameters.
        # ✗ import copy; self.base = copy.deepcopy(base).requires_grad_(False) — A copy doubles the
        #   memory and leaves the given layer unfrozen and unmerged: keep the layer itself.
        self.scaling = alpha / rank
        # ✗ self.scaling = alpha — The correction grows with the rank, and every rank needs a new
        #   learning rate: divide alpha by the rank.
        # ✗ self.scaling = alpha / rank**0.5 — Dividing by the root of the rank is a later variant
        #   (rank-stabilised LoRA): divide alpha by the rank itself.
        # ✗ self.scaling = alpha // rank — The double slash rounds down, and a small alpha has no effect
        #   at all: divide without rounding.
        # ✗ self.scaling = 1 / rank — The argument alpha has no effect: scale by alpha over rank.
        self.dropout = nn.Dropout(dropout)
        self.merged = False
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, base.in_features).normal_(std=0.02))
        # ✗ self.lora_A = nn.Parameter(base.weight.new_zeros(rank, base.in_features)) — With both
        #   factors zero each one's gradient is zero too, and nothing ever trains: start A random.
        # ✗ self.lora_A = nn.Parameter(base.weight.new_empty(rank, base.in_features).uniform_()) —
        #   The entries lie between 0 and 1 and all push the same way: start A with mean zero.
        # ✗ self.lora_A = nn.Parameter(0.02 * torch.randn(rank, base.in_features)) — A new tensor is
        #   float32 on the CPU and does not fit other layers: take dtype and device from the base.
        self.lora_B = nn.Parameter(base.weight.new_zeros(base.out_features, rank))
        # ✗ self.lora_B = nn.Parameter(base.weight.new_empty(base.out_features, rank).normal_()) — A
        #   random product disturbs the trained layer before the first step: start B at zero.

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        y = self.base(x)
        if self.merged:
            return y
        # ✗ pass — A merged layer adds the correction a second time: leave the adapter out once its
        #   product is in the weight.
        narrow = self.dropout(x) @ self.lora_A.mT  # *N rank
        # ✗ narrow = x @ self.lora_A.mT — Dropout is never applied: drop from the input of the
        #   adapter.
        # ✗ narrow = nn.functional.dropout(x, self.dropout.p, self.training, True) @ self.lora_A.mT —
        #   In place, dropout zeroes elements of the caller's input, which other layers read too:
        #   leave the input as it is.
        # ✗ x = self.dropout(x); y = self.base(x); narrow = x @ self.lora_A.mT — The frozen path
        #   loses inputs too: drop only what goes into the adapter.
        # ✗ narrow = self.dropout(x @ self.lora_A.mT) — Dropout acts between the factors, on whole
        #   directions of the adapter: drop from its input.
        return y + self.scaling * narrow @ self.lora_B.mT
        # ✗ return y + self.scaling * self.dropout(x @ self.lora_A.mT @ self.lora_B.mT) — Dropout
        #   acts on the output of the adapter: drop from its input.
        # ✗ return y + narrow @ self.lora_B.mT — The correction is not scaled: multiply it by alpha
        #   over rank.

    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        if not self.merged:
            self._add(self.scaling)
            # ✗ self._add(1.0) — The merged correction lacks the scale that the adapter's has:
            #   multiply the product by alpha over rank.
        # ✗ self._add(self.scaling) — Merging twice adds the correction twice: do nothing if the
        #   layer is merged already.
        self.merged = True

    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        if self.merged:
            self._add(-self.scaling)
            # ✗ pass — The correction stays in the weight, and the adapter adds it again: subtract
            #   it.
        # ✗ self._add(-self.scaling) — A layer that is not merged loses what it never had: do
        #   nothing unless it is merged.
        self.merged = False
        # ✗ pass — The layer still takes itself for merged and leaves the adapter out: reset the
        #   flag.

    @torch.no_grad()
    def _add(self, scale: float) -> None:
        self.base.weight += scale * self.lora_B @ self.lora_A
        # ✗ self.base.weight += scale * self.lora_A.mT @ self.lora_B.mT — The product is transposed,
        #   and in a square layer no shape gives it away: a weight is (out_features, in_features),
        #   like B A.
        # ✗ self.base.weight = nn.Parameter(self.base.weight + scale * self.lora_B @ self.lora_A) —
        #   A new Parameter trains, so the frozen layer thaws: change the old one in place.
        # ✗ self.base.weight = nn.Parameter(self.base.weight + scale * self.lora_B @ self.lora_A,
        #   requires_grad=False) — Whoever shares the weight, such as a tied layer, keeps the old
        #   Parameter and never sees the correction: change it in place.
        # ✗ self.base.weight += scale * self.lora_B.float() @ self.lora_A.float() — The product is
        #   rounded to single precision, also for a base in double precision: keep its dtype.


# ✗ LoRALinear._add — The merge is recorded by autograd, so the frozen weight requires gradients
#   afterwards: change it without recording.
def _(self, scale):
    self.base.weight.add_(scale * self.lora_B @ self.lora_A)


# ✗ LoRALinear._add — The product is worked out once and kept, so that after more training the old
#   correction is merged: work it out at every merge.
@torch.no_grad()
def _(self, scale):
    if not hasattr(self, "product"):
        self.product = self.lora_B @ self.lora_A
    self.base.weight += scale * self.product
