# wrong: detaches the caller's own teacher

import torch


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    wide = torch.promote_types(student.dtype, torch.float32)
    s, t = student.to(wide), teacher.detach_().to(wide)
    log_p, log_q = (t / temperature).log_softmax(1), (s / temperature).log_softmax(1)
    soft = temperature**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()
    hard = -s.log_softmax(1).gather(1, target[:, None]).mean()
    return (alpha * soft + (1 - alpha) * hard).to(student.dtype)
