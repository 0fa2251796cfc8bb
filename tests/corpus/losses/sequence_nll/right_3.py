
import torch
from torch.nn import functional as F


def sequence_nll(logits, tokens, mask):
    """Rolled labels and a one-hot, double precision inside."""
    V = logits.shape[-1]
    real = mask & mask.roll(-1, dims=1)
    real[:, -1] = False
    labels = torch.where(real, tokens.roll(-1, dims=1), 0)
    x = logits.double()
    x = x - x.amax(-1, keepdim=True).detach()
    lp = x - x.exp().sum(-1, keepdim=True).log()
    hot = F.one_hot(labels, V) * real[..., None]
    loss = -(hot * lp).sum() / real.sum().clamp(min=1)
    return loss.to(logits.dtype), loss.exp().to(logits.dtype)
