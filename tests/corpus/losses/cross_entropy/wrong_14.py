# wrong: returns early if all rows are ignored, before it looks at the reduction
import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    keep = target != ignore_index
    if not keep.any():
        return logits[keep].sum()
    if reduction not in ("mean", "sum"):
        raise ValueError("reduction must be mean or sum")
    logits, target = logits[keep], target[keep]
    shifted = logits - logits.amax(dim=1, keepdim=True).detach()
    nll = (
        shifted.exp().sum(dim=1).log()
        - shifted[torch.arange(len(target), device=target.device), target]
    )
    w = torch.ones_like(nll) if weight is None else weight[target]
    total = (w * nll).sum()
    if reduction == "mean" and len(target):
        total = total / w.sum()
    return total
