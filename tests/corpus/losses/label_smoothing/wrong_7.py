# wrong: one-hot from torch.zeros on the CPU
import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    if not 0 <= epsilon <= 1:
        raise ValueError
    N, K = logits.shape
    keep = target != ignore_index
    y = target.masked_fill(~keep, 0)
    q = torch.zeros(N, K, dtype=logits.dtype).scatter(1, y[:, None], 1.0)
    q = q * (1 - epsilon) + epsilon / K
    return -(q * logits.log_softmax(1) * keep[:, None]).sum() / keep.sum().clamp(min=1)
