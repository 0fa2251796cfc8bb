# wrong: returns early if all rows are ignored, before it looks at ε
import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    if len(y) == 0:
        return x.sum()
    if not 0 <= epsilon <= 1:
        raise ValueError("epsilon must be in [0, 1]")
    x = x - x.amax(dim=1, keepdim=True).detach()
    log_p = x - x.exp().sum(dim=1, keepdim=True).log()
    q = torch.full_like(log_p, epsilon / x.shape[1])
    q[torch.arange(len(y), device=y.device), y] += 1 - epsilon
    return -(q * log_p).sum(dim=1).mean()
