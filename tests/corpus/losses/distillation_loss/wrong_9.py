# wrong: works out the whole soft part under no_grad, student included
import torch


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    with torch.no_grad():
        lp = (teacher / temperature).log_softmax(1)
        lq = (student / temperature).log_softmax(1)
        soft = (lp.exp() * (lp - lq)).sum(1).mean() * temperature**2
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
