# wrong: log of softmax in float64, still −∞ for very unlikely classes

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep].double(), target[keep]
    nll = -x.softmax(1).gather(1, y[:, None])[:, 0].log()
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return (s if reduction == "sum" or not len(y) else s / w.sum()).to(logits.dtype)
