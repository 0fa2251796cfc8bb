# wrong: subtracts the global maximum before exp, so far lower rows give log(0)

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    if not len(y):
        return logits[:0].sum()
    z = x - x.max()
    nll = z.exp().sum(1).log() - z.gather(1, y[:, None])[:, 0]
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return s if reduction == "sum" else s / w.sum()
