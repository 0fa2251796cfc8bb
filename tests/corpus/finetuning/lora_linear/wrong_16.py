# wrong: works the correction out at the first merge and adds the same one after more training
import torch
from jaxtyping import Float
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """Remembers the correction it has added; a bool behind a property."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0) -> None:
        if rank < 1:
            raise ValueError(f"rank {rank} is less than one")
        nn.Module.__init__(self)
        self.base = base
        for p in base.parameters():
            p.requires_grad = False
        self.lora_A = nn.Parameter(
            torch.randn_like(base.weight[:1].expand(rank, -1), requires_grad=False) / rank
        )
        self.lora_B = nn.Parameter(base.weight.detach().new_zeros(base.out_features, rank))
        self.factor = alpha / rank
        self.drop = nn.Dropout(dropout)
        self._delta = None
        self._is_merged = False

    @property
    def merged(self) -> bool:
        return self._is_merged

    def correction(self) -> Tensor:
        return self.factor * torch.einsum("or,ri->oi", self.lora_B, self.lora_A)

    def forward(self, x: Float[Tensor, "*N in_features"]) -> Float[Tensor, "*N out_features"]:
        out = self.base(x)
        if not self.merged:
            out = out + torch.einsum("...i,oi->...o", self.drop(x), self.correction())
        return out

    def merge(self) -> None:
        if not self.merged:
            if self._delta is None:
                self._delta = self.correction().detach()
            self.base.weight.data.add_(self._delta)
            self._is_merged = True

    def unmerge(self) -> None:
        if self.merged:
            self.base.weight.data.sub_(self._delta)
            self._is_merged = False
