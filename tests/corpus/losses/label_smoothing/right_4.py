import torch
from torch.nn import functional as F


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    """einsum of a one-hot that has no row for what is ignored."""
    if not 0 <= epsilon <= 1:
        raise ValueError("epsilon must be in [0, 1]")
    K = logits.shape[1]
    keep = (target != ignore_index).to(logits.dtype)
    y = target.masked_fill(target == ignore_index, 0)
    hot = F.one_hot(y, K).to(logits)
    q = torch.lerp(hot, torch.full_like(hot, 1 / K), epsilon)
    total = torch.einsum("nk,nk,n->", q, -logits.log_softmax(1), keep)
    return total / keep.sum().clamp(min=1)
