"""What distillation_loss must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write the distillation loss: soft targets at a temperature plus hard labels.",
    asked_zh="手写知识蒸馏损失：带温度的软目标加硬标签。",
    hints=(
        "Two distributions per row, both softened. Which of them weighs the logarithms, and which "
        "one is allowed to learn?",
        "Stay with log-softmax on both sides, so that a probability of zero never meets a "
        "logarithm. Then ask over which axis you sum and over which you average.",
        "Soft part: divergence from teacher to student per row, averaged over rows, times T². "
        "Hard part: plain cross-entropy of the student's own logits. Mix with α and 1 − α.",
    ),
    follow_ups={
        "Why T²?": (
            "The gradient of the soft part in a student logit is (q − p)/T, and for large T the "
            "difference q − p itself shrinks like 1/T. The factor T² undoes both, so T can be "
            "changed without tuning α again."
        ),
        "Why a temperature at all?": (
            "A good teacher gives wrong classes tiny probabilities, but their ratios say which "
            "classes are alike. Softening makes these ratios visible to the loss."
        ),
        "Forward or reverse KL?": (
            "KL(teacher ‖ student) makes the student cover all that the teacher finds likely. The "
            "reverse picks one mode and avoids what the teacher finds unlikely; for generating "
            "text with a small student that can be the better choice."
        ),
        "Could you use the cross-entropy with soft targets?": (
            "For training yes: it differs by the teacher's entropy, which is constant in the "
            "student. The number is larger, and not zero when both agree."
        ),
        "What happens for T → ∞?": (
            "With logits centred per row, T² times the divergence tends to half the mean squared "
            "difference of the logits: distillation becomes regression on logits."
        ),
    },
    source="Hinton, Vinyals and Dean 2015, arXiv:1503.02531, §2",
    needs=("losses/cross_entropy",),
    allows=("torch.distributions.Categorical.log_prob",),
)


@case(N=4, K=5, temperature=3.0, alpha=0.3)
@case(N=6, K=3, temperature=0.7, alpha=0.8)
@case(N=1, K=7, temperature=5.0, alpha=0.6)
def output(kata, draw, N, K, temperature, alpha):
    """matches the equation, for logits that are views as well"""
    student, teacher = draw.normal(K, N, scale=2.0).T, draw.normal(K, N, scale=2.0).T
    return kata.distillation_loss(student, teacher, draw.integers(N, high=K), temperature, alpha)


@case(N=5, K=4, temperature=4.0, alpha=1.0)
@case(N=5, K=4, temperature=4.0, alpha=0.0)
def parts(kata, draw, N, K, temperature, alpha):
    """is one part alone at either end of α"""
    student, teacher, target = draw.normal(N, K), draw.normal(N, K), draw.integers(N, high=K)
    return kata.distillation_loss(student, teacher, target, temperature, alpha)


@case(N=3, K=6)
def defaults(kata, draw, N, K):
    """uses T = 2 and α = ½ unless told otherwise"""
    student, teacher, target = draw.normal(N, K), draw.normal(N, K), draw.integers(N, high=K)
    return kata.distillation_loss(student, teacher, target)


@case(N=5, K=4, temperature=2.5, alpha=0.4)
@case(N=3, K=8, temperature=6.0, alpha=0.9)
def gradients(kata, draw, N, K, temperature, alpha):
    """passes the right gradient to the student and none to the teacher"""
    student, teacher = draw.normal(N, K).requires_grad_(), draw.normal(N, K).requires_grad_()
    target = draw.integers(N, high=K)
    draw.backward(kata.distillation_loss(student, teacher, target, temperature, alpha))
    return {"student": student.grad, "teacher": teacher.grad}


@case(N=6, K=5, temperature=1.5, alpha=0.5)
def huge(kata, draw, N, K, temperature, alpha):
    """stays finite for logits in the ten thousands, and so do the gradients"""
    # No two of a row lie close together: rounding would decide between them. Rows differ as well.
    rows = 5e4 * torch.arange(N)[:, None].remainder(3)
    student, teacher = (3e4 * (draw.uniform(N, K).argsort(dim=1) - 1.5) + rows for _ in range(2))
    student, target = student.requires_grad_(), draw.integers(N, high=K)
    loss = kata.distillation_loss(student, teacher, target, temperature, alpha)
    draw.backward(loss)
    return {"loss": loss, "student": student.grad}


@case(N=7, K=6, temperature=3.5, alpha=0.7)
def float64(kata, draw, N, K, temperature, alpha):
    """keeps double precision"""
    student, teacher = (draw.normal(N, K, dtype="float64") for _ in range(2))
    return kata.distillation_loss(student, teacher, draw.integers(N, high=K), temperature, alpha)


@case(N=4, K=3, dtype="float16")
def half(kata, draw, N, K, dtype):
    """has the dtype of the logits in half precision, too"""
    student, teacher = (draw.normal(N, K, dtype=dtype) for _ in range(2))
    return str(kata.distillation_loss(student, teacher, draw.integers(N, high=K)).dtype)


@case(N=5, K=3)
def device(kata, draw, N, K):
    """stays on the device of its inputs"""
    meta = draw.meta
    return kata.distillation_loss(
        meta.normal(N, K), meta.normal(N, K), meta.integers(N, high=K), temperature=3.0
    )
