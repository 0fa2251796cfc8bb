"""Knowledge distillation: soft targets at a temperature, mixed with hard labels.

    p = softmax(teacher / T),    q = softmax(student / T),    one pair per row
    soft = T² · (1/N) Σₙ Σₖ pₙₖ (log pₙₖ − log qₙₖ)
    hard = −(1/N) Σₙ log softmax(studentₙ)[targetₙ]
    loss = α · soft + (1 − α) · hard

The hard part knows no temperature. Only the student learns: nothing is sent back to the teacher's
logits, whose gradient stays None. Logits are finite, divided by T as well, but may be in the ten
thousands, and the loss is finite all the same. T is positive, 0 ≤ α ≤ 1, targets lie in 0 … K − 1,
and there is at least one row.

The loss is a tensor without axes, of the dtype of the logits, in half precision too. Arguments are
left as they are. PyTorch's own `kl_div`, `cross_entropy` and `nll_loss` may not be used.

>>> student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[4.0, 0.0]])
>>> target = torch.tensor([0])
>>> loss = distillation_loss(student, teacher, target, temperature=2.0, alpha=1.0)
>>> print(f"{loss:.4f}")
1.3113
>>> print(f"{distillation_loss(student, teacher, target, alpha=0.0):.4f}")
0.6931
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def distillation_loss(
    student: Float[Tensor, "N K"],  # logits
    teacher: Float[Tensor, "N K"],  # logits
    target: Int64[Tensor, "N"],
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> Float[Tensor, ""]:
    """Return the loss, averaged over the rows."""
    log_p = torch.log_softmax(teacher.detach() / temperature, dim=1)
    # ✗ log_p = torch.log_softmax(teacher.detach_() / temperature, dim=1) — The caller's own teacher
    #   is cut out of its graph for good: detach a view of it.
    # ✗ log_p = torch.log_softmax(teacher.detach().float() / temperature, dim=1) — Single precision
    #   inside becomes the dtype of the loss, and half of a double is lost: return to the dtype of
    #   the logits, and never go below it.
    # ✗ log_p = torch.log_softmax(teacher / temperature, dim=1) — The teacher is trained as well,
    #   towards the student: cut it out of the graph.
    # ✗ log_p = torch.log_softmax(teacher.detach(), dim=1) — Only the student is softened, so it
    #   learns to be sharper than the teacher: divide both by T.
    # ✗ log_p = torch.log_softmax(teacher.detach() * temperature, dim=1) — Multiplying sharpens the
    #   teacher: divide by T.
    # ✗ log_p = torch.log_softmax(teacher.detach() / temperature, dim=0) — The softmax runs over the
    #   rows: the classes are the last axis.
    # ✗ log_p = torch.softmax(teacher.detach() / temperature, dim=1).log() — A small probability
    #   becomes zero, and zero times −∞ is NaN: take the logarithm of the softmax in one step.
    log_q = torch.log_softmax(student / temperature, dim=1)
    # ✗ log_q = torch.log_softmax(student, dim=1) — Only the teacher is softened, so the student
    #   learns the flat distribution itself: divide both by T.
    # ✗ log_q = torch.softmax(student / temperature, dim=1).log() — A small probability becomes zero
    #   and its logarithm −∞: take the logarithm of the softmax in one step.
    # ✗ log_q = torch.log_softmax(student.detach() / temperature, dim=1) — The student is detached,
    #   so that the soft part trains nothing: detach the teacher.
    divergence = (log_p.exp() * (log_p - log_q)).sum(dim=1)
    # ✗ divergence = (log_q.exp() * (log_q - log_p)).sum(dim=1) — The divergence is the wrong way
    #   round: weigh by the teacher's probabilities, so that the student covers all of them.
    # ✗ divergence = -(log_p.exp() * log_q).sum(dim=1) — This is the cross-entropy, with the entropy
    #   of the teacher still in it: the divergence takes that off.
    # ✗ divergence = (log_p.exp() * (log_q - log_p)).sum(dim=1) — The sign is wrong, so the student
    #   flees from the teacher: subtract the student's logarithm.
    # ✗ divergence = (log_p.exp() * (log_p - log_q)).mean(dim=1) — The mean over classes makes the
    #   soft part K times too small: sum over classes and average over rows only.
    # ✗ divergence = (log_p - log_q).sum(dim=1) — All classes weigh alike: weigh them by the
    #   teacher's probabilities.
    soft = temperature**2 * divergence.mean()
    # ✗ soft = divergence.mean() — The soft gradients shrink like 1/T²: multiply by T² to keep the
    #   balance of the two parts.
    # ✗ soft = temperature * divergence.mean() — One T comes from the student's logits and one from
    #   how flat the targets are: multiply by T².
    # ✗ soft = temperature**2 * divergence.sum() — The sum grows with the batch: average over the
    #   rows.
    log_probs = torch.log_softmax(student, dim=1)
    # ✗ log_probs = log_q — The hard part is softened too: use the student's logits as they are.
    # ✗ log_probs = torch.softmax(student, dim=1).add(1e-8).log() — An ε under the logarithm caps
    #   the loss: take the logarithm of the softmax in one step.
    hard = -log_probs.gather(1, target[:, None]).mean()
    # ✗ hard = -(log_probs * torch.eye(student.shape[1],
    #   dtype=student.dtype)[target]).sum(dim=1).mean() — The one-hot matrix is always made on the
    #   CPU: make it on the device of the logits.
    # ✗ hard = -log_probs.gather(1, target[:, None]).sum() — The sum grows with the batch: average
    #   over the rows.
    # ✗ hard = -log_probs.gather(1, teacher.argmax(dim=1, keepdim=True)).mean() — The teacher's best
    #   class stands in for the label, right or wrong: use the target.
    return alpha * soft + (1 - alpha) * hard
    # ✗ return (1 - alpha) * soft + alpha * hard — The parts are swapped: α is the weight of the
    #   soft one.
    # ✗ return alpha * soft + hard — The hard part keeps its full weight: give it 1 − α.
