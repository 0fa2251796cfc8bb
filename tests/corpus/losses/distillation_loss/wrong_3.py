# wrong: softens probabilities instead of logits


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    p = (teacher.detach().softmax(1) / temperature).softmax(1)
    lq = (student.softmax(1) / temperature).log_softmax(1)
    soft = (p * (p.log() - lq)).sum(1).mean() * temperature**2
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
