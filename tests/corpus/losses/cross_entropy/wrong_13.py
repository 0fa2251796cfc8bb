# wrong: replaces −∞ by −1e9, which huge negative logits lie below
import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError("reduction must be mean or sum")
    keep = target != ignore_index
    logits, target = logits[keep], target[keep]
    logits = logits.masked_fill(logits == float("-inf"), -1e9)
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
