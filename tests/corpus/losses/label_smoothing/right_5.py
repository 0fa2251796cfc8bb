import torch


def label_smoothing(logits, target, epsilon: float = 0.1, ignore_index: int = -100):
    if not 0 <= epsilon <= 1:
        raise ValueError(f"{epsilon=} is not between 0 and 1")
    counts = target != ignore_index
    shifted = logits - logits.max(1, keepdim=True).values
    norm = shifted.logsumexp(1)
    right = torch.take_along_dim(shifted, target.clamp(min=0)[:, None], 1)[:, 0]
    loss = norm - (1 - epsilon) * right - epsilon * shifted.mean(1)
    return loss.where(counts, 0).sum() / counts.sum().clamp(min=1)
