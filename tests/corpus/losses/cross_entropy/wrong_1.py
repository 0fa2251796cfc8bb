# wrong: negative ignore_index picks the last class, and only the sum of losses leaves the row out

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    logp = logits.log_softmax(-1)
    keep = target != ignore_index
    nll = -logp[torch.arange(len(target)), target.clamp(min=0, max=logits.shape[1] - 1)]
    w = torch.ones_like(nll) if weight is None else weight[target.clamp(0, len(weight) - 1)]
    s = (w * nll)[keep].sum()
    if reduction == "sum" or not keep.any():
        return s
    return s / w.sum()
