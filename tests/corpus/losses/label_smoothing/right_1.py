import torch
from torch.nn import functional as F


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    """A matrix of smoothed labels, rows by boolean index."""
    if epsilon < 0 or epsilon > 1:
        raise ValueError("epsilon")
    K = logits.size(-1)
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    q = torch.full_like(x, epsilon / K)
    q.scatter_(1, y.unsqueeze(1), 1 - epsilon + epsilon / K)
    loss = -(q * F.log_softmax(x, -1)).sum()
    return loss / max(len(y), 1)
