# wrong: detaches the weights p only, so the teacher still learns through log p


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    p = (teacher / temperature).log_softmax(1)
    q = (student / temperature).log_softmax(1)
    soft = (p.exp().detach() * (p - q)).sum(1).mean() * temperature**2
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
