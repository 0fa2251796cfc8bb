# wrong: the largest logit of the whole batch is subtracted, so that rows far below it get log 0
import torch


def _log_softmax(x):
    x = x - x.max().detach()
    return x - x.exp().sum(1, keepdim=True).log()


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    wide = torch.promote_types(student.dtype, torch.float32)
    s, t = student.to(wide), teacher.detach().to(wide)
    log_p, log_q = _log_softmax(t / temperature), _log_softmax(s / temperature)
    soft = temperature**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()
    hard = -_log_softmax(s).gather(1, target[:, None]).mean()
    return (alpha * soft + (1 - alpha) * hard).to(student.dtype)
