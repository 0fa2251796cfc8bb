# wrong: clamps log-probabilities at −100 as binary cross-entropy does

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    nll = -x.log_softmax(-1).clamp(min=-100).gather(1, y[:, None])[:, 0]
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return s if reduction == "sum" or not len(y) else s / w.sum()
