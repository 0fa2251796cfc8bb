# wrong: dropout with one mask per feature, shared by the whole batch, not on each element on its own
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
    """LoRA with einsum; the correction that was merged is kept, to be taken out exactly."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        if rank < 1:
            raise ValueError(f"{rank=} is less than one")
        super().__init__()
        for parameter in base.parameters():
            parameter.requires_grad = False
        self.base = base
        self.rank, self.alpha, self.p = rank, alpha, dropout
        out_features, in_features = base.weight.shape
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, in_features).normal_(std=0.02))
        self.lora_B = nn.Parameter(base.weight.new_zeros(out_features, rank))
        self.register_buffer("_added", None, persistent=False)

    @property
    def merged(self) -> bool:
        return self._added is not None

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        y = nn.functional.linear(x, self.base.weight, self.base.bias)
        if not self.merged:
            z = x * nn.functional.dropout(torch.ones_like(self.lora_A[0]), self.p, training=self.training)
            low = torch.einsum("...i,ri->...r", z, self.lora_A)
            y = y + torch.einsum("...r,or->...o", low, self.lora_B) * (self.alpha / self.rank)
        return y

    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        if self.merged:
            return
        with torch.no_grad():
            product = torch.einsum("or,ri->oi", self.lora_B, self.lora_A)
            self._added = product * (self.alpha / self.rank)
            self.base.weight.add_(self._added)

    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        if not self.merged:
            return
        with torch.no_grad():
            self.base.weight.sub_(self._added)
        self._added = None
