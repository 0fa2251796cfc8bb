# wrong: any other reduction means sum

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    nll = x.logsumexp(1) - x.gather(1, y[:, None])[:, 0]
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return s / w.sum() if reduction == "mean" and len(y) else s
