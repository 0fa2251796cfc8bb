import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    """A loop."""
    if not (0.0 <= epsilon <= 1.0):
        raise ValueError(f"epsilon = {epsilon}")
    N, K = logits.shape
    total, n = 0 * logits.sum(), 0
    for i in range(N):
        y = int(target[i])
        if y == ignore_index:
            continue
        n += 1
        lse = torch.logsumexp(logits[i], 0)
        for k in range(K):
            q = epsilon / K + (1 - epsilon if k == y else 0)
            total = total + q * (lse - logits[i, k])
    return total / n if n else total
