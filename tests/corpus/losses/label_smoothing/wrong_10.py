# wrong: the default ignore_index is −1
import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-1):
    if not 0 <= epsilon <= 1:
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    lp = x.log_softmax(1)
    hard = -lp[torch.arange(len(y)), y.clamp(min=0)]
    return ((1 - epsilon) * hard - epsilon * lp.mean(1)).sum() / max(len(y), 1)
