# replaces the data of the weight, not the Parameter; a plain helper class does the arithmetic
import torch
from torch import nn


class _Adapter:
    """The arithmetic without the state."""

    def __init__(self, scale, dropout):
        self.scale, self.dropout = scale, dropout

    def delta(self, a, b):
        wide = torch.promote_types(a.dtype, torch.float32)
        return self.scale * (b.detach().to(wide) @ a.detach().to(wide))

    def __call__(self, x, a, b, training):
        x = torch.dropout(x, self.dropout, training)
        return x @ a.t() @ b.t() * self.scale


class LoRALinear(nn.Module):
    merged = False

    def __init__(self, base, rank, alpha, dropout=0.0):
        if rank < 1:
            raise ValueError("rank")
        super().__init__()
        self.add_module("base", base)
        [p.requires_grad_(False) for p in base.parameters()]
        w = base.weight
        self.lora_A = nn.Parameter(w.new_empty(rank, w.shape[1]).normal_(std=0.02))
        self.lora_B = nn.Parameter(w.new_zeros(w.shape[0], rank))
        self._adapter = _Adapter(alpha / rank, dropout)

    def forward(self, x):
        y = self.base(x)
        return y if self.merged else y + self._adapter(x, self.lora_A, self.lora_B, self.training)

    def merge(self):
        if self.merged:
            return
        w = self.base.weight
        w.data = (w.data + self._adapter.delta(self.lora_A, self.lora_B)).to(w.dtype)
        self.merged = True

    def unmerge(self):
        if not self.merged:
            return
        w = self.base.weight
        w.data = (w.data - self._adapter.delta(self.lora_A, self.lora_B)).to(w.dtype)
        self.merged = False
