# wrong: sum of weights is clamped, and ignored rows have their logits zeroed but stay in the count

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    y = target.masked_fill(~keep, 0)
    x = logits.masked_fill(~keep[:, None], 0.0)
    nll = x.logsumexp(1) - x.gather(1, y[:, None])[:, 0]
    w = torch.ones_like(nll) if weight is None else weight[y]
    s = (w * nll).sum()
    return s if reduction == "sum" else s / w.sum().clamp(min=1e-8)
