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
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction=} is neither 'mean' nor 'sum'")
    # ✗ pass — A misspelt reduction silently means another one: refuse what is neither.
    # ✗ if reduction not in ("mean", "sum") and (target != ignore_index).any(): raise ValueError —
    #   A batch without a row that counts hides a misspelt reduction: check arguments first.
    kept = target != ignore_index
    # ✗ kept = torch.ones_like(target, dtype=torch.bool) — Ignored rows still count, or their target
    #   is no class at all: leave them out.
    # ✗ kept = target != -100 — The number that marks a row as ignored is fixed: use the argument.
    # ✗ kept = target >= 0 — Ignored rows are told by their sign, but the argument may be a real
    #   class: compare with it.
    index = target.masked_fill(~kept, 0)
    # ✗ index = target.masked_fill_(~kept, 0) — The caller's own targets are overwritten, and their
    #   ignored rows count in the next call: change a copy.
    log_total = logits.logsumexp(dim=1)
    # ✗ log_total = logits.clamp(min=-1e9).logsumexp(dim=1) — A finite stand-in for −∞ may lie above
    #   huge negative logits: leave −∞ as it is, its exponential is zero.
    # ✗ log_total = logits.exp().sum(dim=1).log() — The exponential of a large logit overflows:
    #   subtract the row's maximum first, or use a log-sum-exp.
    # ✗ log_total = logits.logsumexp(dim=0) — The probabilities are normalised over the rows: the
    #   classes are the last axis.
    # ✗ log_total = logits.logsumexp(dim=1).detach() — Detached, the normaliser passes no gradient
    #   to the other classes: keep it in the graph.
    losses = log_total - logits.gather(1, index[:, None]).squeeze(1)
    # ✗ losses = -torch.log(logits.softmax(dim=1).gather(1, index[:, None]).squeeze(1)) — A small
    #   probability underflows to zero and its logarithm is −∞: stay with logarithms throughout.
    # ✗ losses = -torch.log(logits.softmax(dim=1).gather(1, index[:, None]).squeeze(1) + 1e-8) — An
    #   ε under the logarithm caps the loss of unlikely classes and kills their gradient: use the
    #   log-softmax.
    # ✗ losses = -(torch.nn.functional.one_hot(index, logits.shape[1]) *
    #   logits.log_softmax(dim=1)).sum(dim=1) — Zero times the −∞ of a class that is ruled out is
    #   NaN: pick the right class by its index, without a product.
    # ✗ losses = log_total - logits.masked_fill(torch.arange(logits.shape[1]) != index[:, None],
    #   0).sum(dim=1) — The class numbers are always made on the CPU: make them on the device of the
    #   logits.
    # ✗ losses = -logits.gather(1, index[:, None]).squeeze(1) — The logits are taken for
    #   log-probabilities: normalise them first.
    losses = losses.masked_fill(~kept, 0)
    # ✗ losses = losses * kept — Zero times the −∞ of an ignored row is NaN: overwrite the loss of
    #   ignored rows.
    weights = kept.to(losses.dtype)
    # ✗ weights = kept.float() — Weights in float32 make the loss of half-precision logits float32:
    #   use the dtype of the logits.
    # ✗ weights = torch.ones_like(losses) — The mean is over all rows, ignored ones too: count only
    #   the rows that are kept.
    if weight is not None:
        weights = weights * weight[index]
        # ✗ pass — The class weights are not used: multiply each row's loss by its class's weight.
        # ✗ weights = weight[index] — Ignored rows stay in the sum of weights: give them the weight
        #   zero.
    total = (weights * losses).sum()
    if reduction == "sum":
        return total
    return total / torch.where(kept.any(), weights.sum(), 1)
    # ✗ return total / len(target) — A weighted mean over the number of rows depends on how common
    #   the heavy classes are: divide by the sum of the weights that were used.
    # ✗ return total / kept.sum() — The number of kept rows is not their weight, and it may be zero:
    #   divide by the sum of the weights that were used.
    # ✗ return total / weights.sum() — With all rows ignored this is 0/0, and the NaN spreads to
    #   every parameter: return zero there.
    # ✗ return total / (kept.sum() if weight is None else weight.sum()) — The weights of all classes
    #   are summed up, used or not: sum those of the rows' own classes.
    # ✗ return total / weights.sum() if kept.any() else logits.new_zeros(()) — A fresh zero has no
    #   graph and cannot be backpropagated: keep it connected to the logits.
    # ✗ return total / weights.sum() if kept.any() else logits.sum() * 0 — Zero times the −∞ of an
    #   ignored row is NaN: build the zero from losses that were overwritten.
    # ✗ return total / (weights.sum() + 1e-8) — The ε that keeps an empty batch from 0/0 also
    #   shrinks the loss of rows with tiny weights: treat the empty batch on its own.
    # ✗ return total / weights.sum().clamp(min=1) — The floor of one is not only for empty batches:
    #   it also shrinks the loss of rows with small weights. Treat only the empty batch on its own.
