# wrong: clamps probabilities at 1e-7


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    p = (teacher.detach() / temperature).softmax(1).clamp(min=1e-7)
    q = (student / temperature).softmax(1).clamp(min=1e-7)
    soft = (p * (p / q).log()).sum(1).mean() * temperature**2
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
