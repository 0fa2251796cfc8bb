
import torch
from torch.nn import functional as F


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    """Rows by boolean index."""
    if reduction not in {"mean", "sum"}:
        raise ValueError(reduction)
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    if len(y) == 0:
        return (logits[:0]).sum()
    nll = -F.log_softmax(x, dim=-1)[torch.arange(len(y), device=y.device), y]
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return s if reduction == "sum" else s / w.sum()
