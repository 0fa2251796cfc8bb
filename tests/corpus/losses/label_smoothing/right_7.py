# right: a KL divergence plus the entropy of the labels

import math

import torch
from torch.nn import functional as F


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    """KL(q || p) + H(q)."""
    if math.isnan(epsilon) or min(max(epsilon, 0), 1) != epsilon:
        raise ValueError
    index = (target != ignore_index).nonzero().flatten()
    x, y = logits.index_select(0, index), target.index_select(0, index)
    wide = x.double()
    k = wide.shape[1]
    q = (1 - epsilon) * F.one_hot(y, k).to(wide) + epsilon / k if len(y) else torch.zeros_like(wide)
    q = q.to(wide)
    entropy = torch.special.entr(q).sum()
    kl = F.kl_div(wide.log_softmax(-1), q, reduction="sum")
    out = kl + entropy
    return (out / len(y) if len(y) else out).to(logits.dtype)
