# wrong: functional dropout without the training flag: still drops in eval mode
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
    """A sum of `rank` corrections of rank one, one by one."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        super().__init__()
        if rank <= 0:
            raise ValueError("rank is less than one")
        self.base = base
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(False)
        self.rank, self.alpha, self.dropout = rank, alpha, dropout
        n_out, n_in = base.weight.shape
        start = (torch.rand(rank, n_in) * 2 - 1) / n_in**0.5
        self.lora_A = nn.Parameter(start.to(base.weight))
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank).to(base.weight))
        self.merged = False

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        """Return the output of the base, corrected by the adapter unless it is merged."""
        out = self.base(x)
        if self.merged:
            return out
        if self.dropout > 0:
            keep = torch.rand(x.shape, device=x.device) >= self.dropout
            x = x * keep / (1 - self.dropout) if self.dropout < 1 else x * 0
        for a, b in zip(self.lora_A, self.lora_B.T):
            out = out + (x * a).sum(dim=-1, keepdim=True) * b * (self.alpha / self.rank)
        return out

    def _shift(self, sign: int) -> None:
        with torch.no_grad():
            for r in range(self.rank):
                step = torch.outer(self.lora_B[:, r], self.lora_A[r])
                self.base.weight.add_(step, alpha=sign * self.alpha / self.rank)

    def merge(self) -> None:
        """Add the correction to the weight of the base, unless it is there already."""
        if not self.merged:
            self._shift(+1)
        self.merged = True

    def unmerge(self) -> None:
        """Take the correction out of the weight of the base, if it is there."""
        if self.merged:
            self._shift(-1)
        self.merged = False
