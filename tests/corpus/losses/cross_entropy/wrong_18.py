# wrong: the largest logit of the whole batch is subtracted, so that rows far below it get log 0
import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError(reduction)
    real = target != ignore_index
    x = logits - logits[torch.isfinite(logits)].max().detach()
    log_p = x - x.exp().sum(1, keepdim=True).log()
    index = target.where(real, torch.zeros_like(target))
    w = torch.ones_like(logits[0]) if weight is None else weight
    w = w[index].where(real, torch.zeros_like(w[index]))
    losses = -log_p.gather(1, index[:, None])[:, 0]
    losses = w * losses.where(real, torch.zeros_like(losses))
    if reduction == "sum" or not real.any():
        return losses.sum()
    return losses.sum() / w.sum()
