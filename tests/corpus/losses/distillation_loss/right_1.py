from torch.nn import functional as F


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    """A loop over rows."""
    T = temperature
    teacher = teacher.detach()
    total = 0.0
    for s, t, y in zip(student, teacher, target):
        lp, lq = F.log_softmax(t / T, -1), F.log_softmax(s / T, -1)
        soft = sum(a.exp() * (a - b) for a, b in zip(lp, lq))
        total = total + alpha * T * T * soft - (1 - alpha) * F.log_softmax(s, -1)[y]
    return total / len(student)
