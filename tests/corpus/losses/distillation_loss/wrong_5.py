# wrong: symmetric (Jensen–Shannon like) divergence


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    lp = (teacher.detach() / temperature).log_softmax(1)
    lq = (student / temperature).log_softmax(1)
    soft = ((lp.exp() - lq.exp()) * (lp - lq)).sum(1).mean() * temperature**2 / 2
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
