import torch
import torch.nn as nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0):
        super().__init__()
        if rank <= 0:
            raise ValueError("rank must be positive")
        self.base = base.requires_grad_(False)
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features, **like) / rank)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, **like))
        self._p = dropout
        self._factor = alpha / rank
        self._original = None

    @property
    def merged(self):
        return self._original is not None

    def forward(self, x):
        if self.merged:
            return self.base(x)
        noisy = nn.functional.dropout(x, self._p, self.training)
        return self.base(x) + self._factor * (noisy @ self.lora_A.mT @ self.lora_B.mT)

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self._original = self.base.weight.clone()
            self.base.weight.copy_(self._original + self._factor * self.lora_B.matmul(self.lora_A))

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight.copy_(self._original)
            self._original = None
