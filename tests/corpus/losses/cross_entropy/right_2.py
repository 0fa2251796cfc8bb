
import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    """A loop."""
    total, norm = logits[:0].sum(), 0.0
    for row, y in zip(logits, target.tolist()):
        if y == ignore_index:
            continue
        m = row.max()
        loss = m + torch.log(torch.exp(row - m).sum()) - row[y]
        w = 1.0 if weight is None else weight[y]
        total = total + w * loss
        norm = norm + w
    if reduction == "sum":
        return total
    if reduction == "mean":
        return total / norm if norm else total
    raise ValueError("reduction must be mean or sum")
