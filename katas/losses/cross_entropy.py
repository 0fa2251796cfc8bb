"""Cross-entropy from logits, with class weights and ignored rows.

Row n has logits xₙ over K classes and the right class yₙ:

    lossₙ = −log softmax(xₙ)[yₙ]

    "sum":   Σₙ w[yₙ] · lossₙ
    "mean":  Σₙ w[yₙ] · lossₙ / Σₙ w[yₙ]

Without `weight` all w are 1. Both sums leave out the rows whose target is `ignore_index`, which may
be any number, inside or outside 0 … K − 1. If all rows are left out, the loss is 0 under either
reduction: it still backpropagates, and the gradient is zero.

Logits may be huge, but the sum of all losses fits their dtype. A logit of −∞ rules a class out:
its gradient is zero, and no right class is ever ruled out. Ignored rows may hold −∞ anywhere, but
in one class at least they are finite. Other targets lie in 0 … K − 1, at least one row is there,
and weights are positive.

The loss is a tensor without axes, of the dtype of `logits`, which `weight` shares. Arguments are
left as they are. PyTorch's own `cross_entropy` and `nll_loss` may not be used.

>>> cross_entropy(torch.zeros(2, 4), torch.tensor([3, 0]))
tensor(1.3863)
>>> cross_entropy(torch.zeros(2, 4), torch.tensor([3, -100]), reduction="sum")
tensor(1.3863)
"""

# Not allowed, since it would be the whole exercise: torch.nn.functional.cross_entropy,
# torch.nn.functional.binary_cross_entropy, torch.nn.functional.kl_div, and what does the same.

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def cross_entropy(
    logits: Float[Tensor, "N K"],
    target: Int64[Tensor, "N"],
    weight: Float[Tensor, "K"] | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Float[Tensor, ""]:
    """Return the loss; raise ValueError unless `reduction` is "mean" or "sum"."""
    raise NotImplementedError
