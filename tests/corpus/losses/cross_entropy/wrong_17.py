# wrong: ignored targets are overwritten in the argument

import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in {"mean", "sum"}:
        raise ValueError(f"unknown reduction {reduction!r}")
    ignored = target == ignore_index
    x = logits.masked_fill(ignored[:, None], 0.0).to(
        torch.promote_types(logits.dtype, torch.float32)
    )
    y = target.masked_fill_(ignored, 0)
    w = torch.ones_like(x[0]) if weight is None else weight.to(x.dtype)
    w = w[y].masked_fill(ignored, 0)
    nll = torch.logsumexp(x, dim=1) - x.gather(1, y.unsqueeze(1)).squeeze(1)
    if reduction == "mean":
        mass = w.sum()
        w = w / torch.where(mass > 0, mass, torch.ones_like(mass))
    return (w @ nll).to(logits.dtype)
