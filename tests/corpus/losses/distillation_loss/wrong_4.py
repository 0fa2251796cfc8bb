# wrong: divides each loss by T at the end, logits unsoftened


def distillation_loss(student, teacher, target, temperature=2.0, alpha=0.5):
    lp = teacher.detach().log_softmax(1)
    lq = student.log_softmax(1)
    soft = (lp.exp() * (lp - lq)).sum(1).mean() / temperature
    hard = -lq.gather(1, target[:, None]).mean()
    return alpha * soft + (1 - alpha) * hard
