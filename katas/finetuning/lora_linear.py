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
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        raise NotImplementedError

    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        raise NotImplementedError

    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        raise NotImplementedError
