import torch
from torch.nn import functional as F


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    """xlogy and einsum in double precision."""
    dtype = student.dtype
    s, t = student.double(), teacher.detach().double()
    n = s.shape[0]
    p = (t / temperature).softmax(1)
    lq = (s / temperature).log_softmax(1)
    kl = (torch.xlogy(p, p).sum() - torch.einsum("nk,nk->", p, lq)) / n
    hot = F.one_hot(target, s.shape[1]).to(s)
    ce = -torch.einsum("nk,nk->", hot, s.log_softmax(1)) / n
    return (alpha * temperature**2 * kl + (1 - alpha) * ce).to(dtype)
