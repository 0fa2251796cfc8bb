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
    if not 0 <= epsilon <= 1:
        # ✗ if epsilon > 1: — A negative ε passes, and gives wrong classes a negative weight: check
        #   both ends.
        # ✗ if epsilon < 0: — An ε above one passes, and gives the right class a negative weight:
        #   check both ends.
        # ✗ if not 0 < epsilon < 1: — The two ends have a meaning, plain and uniform labels: allow
        #   them.
        raise ValueError(f"{epsilon=} is not in [0, 1]")
    # ✗ if not 0 <= epsilon <= 1 and (target != ignore_index).any(): raise ValueError — A batch
    #   without a row that counts hides a wrong ε: check arguments first.
    kept = target != ignore_index
    # ✗ kept = torch.ones_like(target, dtype=torch.bool) — Ignored rows still count, or their target
    #   is no class at all: leave them out.
    # ✗ kept = target != -100 — The number that marks a row as ignored is fixed: use the argument.
    # ✗ kept = target >= 0 — Ignored rows are told by their sign, but the argument may be a real
    #   class: compare with it.
    index = target.masked_fill(~kept, 0)
    # ✗ index = target.masked_fill_(~kept, 0) — The caller's own targets are overwritten, and their
    #   ignored rows count in the next call: change a copy.
    log_probs = torch.log_softmax(logits, dim=1)
    # ✗ log_probs = torch.log_softmax(logits.float(), dim=1) — Single precision inside becomes the
    #   dtype of the loss, and half of a double is lost: return to the dtype of the logits, and
    #   never go below it.
    # ✗ log_probs = logits.softmax(dim=1).log() — A small probability underflows and its logarithm
    #   is −∞: take the logarithm of the softmax in one step.
    # ✗ log_probs = logits - logits.exp().sum(dim=1, keepdim=True).log() — The exponential of a
    #   large logit overflows: subtract the row's maximum first, or use the log-softmax.
    hard = -log_probs.gather(1, index[:, None]).squeeze(1)
    # ✗ hard = -(log_probs * torch.eye(logits.shape[1], dtype=logits.dtype)[index]).sum(dim=1) — The
    #   one-hot matrix is always made on the CPU: make it on the device of the logits.
    smooth = -log_probs.mean(dim=1)
    # ✗ smooth = -log_probs.sum(dim=1) — Every class gets all of ε: each gets a K-th of it.
    # ✗ smooth = -log_probs.mean() — The uniform part is averaged over ignored rows as well: average
    #   over the classes only.
    # ✗ smooth = (log_probs.sum(dim=1) + hard) / (1 - logits.shape[1]) — ε goes to the wrong classes
    #   only, K − 1 of them: spread it over all K.
    # ✗ smooth = -log_probs.mean(dim=1).detach() — Detached, the uniform part changes the number and
    #   trains nothing: keep it in the graph.
    losses = (1 - epsilon) * hard + epsilon * smooth
    # ✗ losses = hard + epsilon * smooth — The weights sum to 1 + ε: take ε away from the right
    #   class before it is spread.
    # ✗ losses = epsilon * hard + (1 - epsilon) * smooth — ε and 1 − ε are swapped: the right class
    #   keeps 1 − ε.
    # ✗ losses = hard — Labels are not smoothed at all: mix in the uniform part.
    return losses.masked_fill(~kept, 0).sum() / kept.sum().clamp(min=1)
    # ✗ return (losses * kept).mean() — The mean runs over ignored rows too: divide by the number of
    #   rows that are kept.
    # ✗ return (losses * kept).sum() — This is a sum: divide by the number of rows that are kept.
    # ✗ return (losses * kept).sum() / kept.sum() — With every row ignored this is 0/0, and the NaN
    #   spreads to every parameter: return zero there.
    # ✗ return (losses * kept).sum() / kept.sum() if kept.any() else logits.new_zeros(()) — A fresh
    #   zero has no graph and cannot be backpropagated: keep it connected to the logits.
    # ✗ return ((1 - epsilon) * hard * kept + epsilon * smooth).sum() / kept.sum().clamp(min=1) —
    #   The uniform part of ignored rows still counts: leave out both parts.
