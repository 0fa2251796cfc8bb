# wrong: dropout also acts on the input of the base
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
    """A frozen `base` with trainable parameters `lora_A` and `lora_B`, not merged at first.

    Raise ValueError if rank is less than one.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError("rank must be at least one")
        self.base = base
        self.base.requires_grad_(False)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features, **like))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, **like))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)
        self.merged = False

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        x = x if self.merged else self.dropout(x)
        out = self.base(x)
        if self.merged:
            return out
        return out + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)

    @torch.no_grad()
    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        if not self.merged:
            self.base.weight += self.scaling * (self.lora_B @ self.lora_A)
            self.merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        if self.merged:
            self.base.weight -= self.scaling * (self.lora_B @ self.lora_A)
            self.merged = False
