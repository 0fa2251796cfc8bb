"""A linear layer with a low-rank adapter (LoRA).

Freeze a trained linear layer W, b and learn only a correction of low rank beside it:

    y = W x + b + (alpha / rank) · B A dropout(x)

- `base` is the layer that was handed in, not a copy. Its parameters no longer require gradients,
  whatever happens to the adapter. It may have no bias.
- `lora_A` of shape (rank, in_features) starts random with mean zero, at any scale; `lora_B` of
  shape (out_features, rank) starts at zero, so a new layer computes what `base` computes. Both
  have the dtype and device of the base's weight, and they are all that trains.
- Dropout acts on the input of the adapter only, on each element on its own, in training mode only.

For deployment, `merge()` adds the correction to the weight of `base`, which from then on does all
the work: no adapter, no dropout, and no gradient for `lora_A` and `lora_B`. `unmerge()` takes the
correction out again, up to rounding. `merged` says which state the layer is in, and asking for the
state it is already in changes nothing.

Nothing but the parameters of `base`, `lora_A` and `lora_B` belongs in the `state_dict`.

>>> base = nn.Linear(3, 2)
>>> layer = LoRALinear(base, rank=4, alpha=8.0)
>>> [name for name, parameter in layer.named_parameters() if parameter.requires_grad]
['lora_A', 'lora_B']
>>> x = torch.randn(5, 3)
>>> torch.equal(layer(x), base(x))
True
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """The adapter as its own function in float64; results are cast back."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError("rank must be one or more")
        self.base = base.requires_grad_(False)
        self.scale = float(alpha) / rank
        self.input_dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        weight = base.weight
        self.lora_A = nn.Parameter(torch.randn(rank, weight.shape[1]).to(weight) / rank)
        self.lora_B = nn.Parameter(torch.zeros_like(weight[:, :1]).repeat(1, rank))
        self.merged = False

    def _correction(self) -> Tensor:
        return self.scale * (self.lora_B.double() @ self.lora_A.double())

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        if self.merged:
            return self.base(x)
        extra = nn.functional.linear(self.input_dropout(x).double(), self._correction())
        out = self.base(x)
        return out + extra.to(out.dtype)

    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        self._go(True)

    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        self._go(False)

    @torch.no_grad()
    def _go(self, merged: bool) -> None:
        if merged == self.merged:
            return
        sign = 1.0 if merged else -1.0
        weight = self.base.weight
        weight.copy_((weight.double() + sign * self._correction()).to(weight.dtype))
        self.merged = merged
