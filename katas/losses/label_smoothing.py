"""Cross-entropy against smoothed labels.

Instead of all its weight, the right class of a row gets 1 − ε, and ε is spread evenly over all K
classes, the right one included:

    qₙ = (1 − ε) · onehot(targetₙ) + ε / K
    lossₙ = −Σₖ qₙₖ log softmax(logitsₙ)ₖ

Return the mean over the rows whose target is not `ignore_index`, which may be any number, inside or
outside 0 … K − 1. If every row is ignored, the loss is 0: it still backpropagates, and the gradient
is zero.

All logits are finite, but they may be huge; their differences, their sum and the sum of all losses
still fit their dtype. Other targets lie in 0 … K − 1, and there is at least one row. With ε = 0
this is plain cross-entropy, and with ε = 1 the target is the same for all rows.

The loss is a tensor without axes, of the dtype of `logits`, in half precision too. Arguments are
left as they are. PyTorch's own `cross_entropy` and `nll_loss` may not be used.

>>> logits = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
>>> label_smoothing(logits, torch.tensor([0]), epsilon=0.0)
tensor(0.3408)
>>> label_smoothing(logits, torch.tensor([0]), epsilon=0.4)
tensor(0.9408)
"""

# Not allowed, since it would be the whole exercise: torch.nn.functional.cross_entropy,
# torch.nn.functional.binary_cross_entropy, and what does the same.

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def label_smoothing(
    logits: Float[Tensor, "N K"],
    target: Int64[Tensor, "N"],
    epsilon: float = 0.1,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    """Return the mean loss; raise ValueError if ε lies below 0 or above 1."""
    raise NotImplementedError
