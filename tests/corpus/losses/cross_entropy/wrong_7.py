# wrong: "mean" averages class by class first (macro average)

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    nll = x.logsumexp(1) - x.gather(1, y[:, None])[:, 0]
    w = torch.ones_like(nll) if weight is None else weight[y]
    if reduction == "sum" or not len(y):
        return (w * nll).sum()
    classes = y.unique()
    return torch.stack([(w * nll)[y == c].sum() / w[y == c].sum() for c in classes]).mean()
