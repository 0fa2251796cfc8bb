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

# Not allowed, since it would be the whole exercise: torch.nn.functional.cross_entropy,
# torch.nn.functional.binary_cross_entropy, torch.nn.functional.kl_div, and what does the same.

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
    raise NotImplementedError
