# wrong: ε over the K − 1 wrong classes
import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    if not 0 <= epsilon <= 1:
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    q = torch.full_like(x, epsilon / (x.shape[1] - 1)).scatter(1, y[:, None], 1 - epsilon)
    return -(q * x.log_softmax(1)).sum() / max(len(y), 1)
