# right: logits overflow only when they are divided by T, which is ruled out

import torch


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    log_p = (teacher.detach() / temperature).log_softmax(1)
    log_q = (student / temperature).log_softmax(1)
    soft = temperature**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
