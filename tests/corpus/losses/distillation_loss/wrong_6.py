# wrong: mean squared error between the logits


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    soft = (student - teacher.detach()).square().mean()
    hard = -student.log_softmax(1).gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
