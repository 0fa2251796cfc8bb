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
import torch.nn as nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha, dropout=0.0):
        super().__init__()
        if not rank >= 1:
            raise ValueError("rank")
        w = base.weight
        self.lora_A = nn.Parameter(torch.empty(rank, w.size(1), dtype=w.dtype, device=w.device))
        self.lora_B = nn.Parameter(torch.zeros(w.size(0), rank, dtype=w.dtype, device=w.device))
        nn.init.xavier_normal_(self.lora_A)
        self.base = base
        for q in self.base.parameters():
            q.requires_grad_(False)
        self._p = dropout
        self._ratio = alpha / rank
        self.register_buffer("_one", torch.ones_like(w[:1, 0]), persistent=False)
        self._state = "apart"

    @property
    def merged(self):
        return self._state == "together"

    def _delta(self):
        d = self.lora_B.detach() @ self.lora_A.detach()
        d *= self._one * self._ratio
        return d

    def forward(self, x):
        y = self.base(x)
        if self.merged:
            return y
        z = F.linear(F.dropout(x, self._p, self.training), self.lora_A)
        z = F.linear(z, self.lora_B)
        z *= self._one * self._ratio
        z += y
        return z

    def merge(self):
        if self._state == "apart":
            self.base.weight.data.add_(self._delta())
            self._state = "together"

    def unmerge(self):
        if self._state == "together":
            self.base.weight.data.sub_(self._delta())
            self._state = "apart"
