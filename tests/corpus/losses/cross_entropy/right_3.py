
import torch


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    """Everything by one-hot masks and where, in double precision."""
    match reduction:
        case "mean" | "sum":
            pass
        case _:
            raise ValueError
    x = logits.double()
    N, K = x.shape
    hot = target[:, None] == torch.arange(K, device=x.device)
    hot = hot & (target != ignore_index)[:, None]
    z = x - x.max(dim=1, keepdim=True).values.detach()
    logp = z - z.exp().sum(dim=1, keepdim=True).log()
    w = torch.ones(K, dtype=x.dtype, device=x.device) if weight is None else weight.double()
    terms = torch.where(hot, -w * logp, 0.0)
    num, den = terms.sum(), torch.where(hot, w, 0.0).sum()
    if reduction == "mean":
        num = num / torch.where(den == 0, torch.ones_like(den), den)
    return num.to(logits.dtype)
