# right: a weight of another dtype is not asked for

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError(reduction)
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    w = torch.ones_like(y, dtype=x.dtype) if weight is None else weight[y]
    loss = (w * -x.log_softmax(1).gather(1, y[:, None])[:, 0]).sum()
    if reduction == "mean" and len(y):
        loss = loss / w.sum()
    return loss
