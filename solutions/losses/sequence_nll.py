"""Loss and perplexity of a language model over a padded batch.

The logits at position t are the model's guess at the token at position t + 1:

    nllₜ = −log softmax(logitsₜ)[tokensₜ₊₁],    t = 0 … T − 2

A guess counts if both positions are real, the one it is made at and the one it is about: `mask` is
True there. Padding may stand on the right, on the left or anywhere; the token ids in it may be any
number, −100 for example, its logits are finite, and neither has any influence.

    loss = sum of all nll that count / how many there are, in the whole batch
    perplexity = exp(loss)

If none counts, as with T = 1, the loss is 0: it still backpropagates, and the gradient is zero. B
and T are at least 1. Logits may be huge, and then the perplexity may be +∞; but their differences,
their sum and the sum of all nll fit their dtype. Both results are tensors without axes, of the
dtype of `logits`, in half precision too; only the loss is trained on. Arguments are left as they
are. PyTorch's own `cross_entropy` and `nll_loss` may be used.

>>> tokens = torch.tensor([[3, 1, 2], [0, 1, -100]])
>>> mask = torch.tensor([[True, True, True], [True, True, False]])
>>> loss, perplexity = sequence_nll(torch.zeros(2, 3, 4), tokens, mask)
>>> print(f"{loss:.4f} {perplexity:.4f}")
1.3863 4.0000
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def sequence_nll(
    logits: Float[Tensor, "B T V"],
    tokens: Int64[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],  # True where a token is real
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return loss and perplexity."""
    guesses, targets = logits[:, :-1], tokens[:, 1:]
    # ✗ guesses, targets = logits[:, :-1], tokens[:, :-1] — Without the shift the model is asked for
    #   the token it has just read: compare position t with token t + 1.
    # ✗ guesses, targets = logits[:, 1:], tokens[:, :-1] — The shift goes the wrong way, so the
    #   model predicts the past: logits lose their last position, tokens their first.
    counts = mask[:, :-1] & mask[:, 1:]
    # ✗ counts = torch.ones_like(mask[:, 1:]) — Padding counts: leave out what `mask` leaves out.
    # ✗ counts = mask[:, :-1] — The mask belongs to the position of the guess only, so the first
    #   padding token is still asked for: the target must be real as well.
    # ✗ counts = mask[:, 1:] — The mask belongs to the target only, so with padding on the left the
    #   first token is guessed from nothing: the position of the guess must be real as well.
    # ✗ counts = ~(mask[:, :-1] | mask[:, 1:]) — The mask is read the wrong way round: True means
    #   real here.
    targets = targets.masked_fill(~counts, 0)
    log_probs = torch.log_softmax(guesses, dim=-1)
    # ✗ log_probs = torch.log_softmax(guesses.float(), dim=-1) — Single precision inside becomes the
    #   dtype of the results, and half of a double is lost: return to the dtype of the logits, and
    #   never go below it.
    # ✗ log_probs = guesses.softmax(dim=-1).log() — A small probability underflows and its logarithm
    #   is −∞: take the logarithm of the softmax in one step.
    # ✗ log_probs = guesses - guesses.exp().sum(dim=-1, keepdim=True).log() — The exponential of a
    #   large logit overflows: subtract the maximum first, or use the log-softmax.
    # ✗ log_probs = guesses.log_softmax(dim=1) — The softmax runs over the positions: normalise over
    #   the vocabulary, the last axis.
    nll = -log_probs.gather(-1, targets[..., None]).squeeze(-1).masked_fill(~counts, 0)
    # ✗ nll = -log_probs.gather(-1, targets[..., None]).squeeze(-1) — Guesses at padding are counted
    #   as guesses at token 0: take them out of the sum.
    # ✗ nll = -log_probs.where(torch.arange(logits.shape[-1]) == targets[..., None],
    #   0).sum(dim=-1) * counts — The token ids are always made on the CPU: make them on the device
    #   of the logits.
    loss = nll.sum() / counts.sum().clamp(min=1)
    # ✗ loss = nll.sum() / counts.sum() — With nothing to count this is 0/0, and the NaN spreads to
    #   every parameter: return zero there.
    # ✗ loss = nll.sum() / counts.sum() if counts.any() else logits.new_zeros(()) — A fresh zero has
    #   no graph and cannot be backpropagated: keep it connected to the logits.
    # ✗ loss = nll.mean() — The mean runs over padding as well: divide by the number of guesses that
    #   count.
    # ✗ loss = nll.sum() / mask.sum().clamp(min=1) — The number of real tokens is larger than that
    #   of the guesses, since the first has none: divide by the number of guesses that count.
    # ✗ loss = (nll.sum(dim=1) / counts.sum(dim=1).clamp(min=1)).mean() — An average of averages
    #   gives tokens of short sequences more weight: divide one sum by one count.
    # ✗ loss = nll.sum() / len(tokens) — This is the loss per sequence: divide by the number of
    #   guesses that count.
    return loss, loss.exp()
    # ✗ return loss.detach(), loss.exp() — A detached loss trains nothing: keep it in the graph.
    # ✗ return loss, loss.exp() * counts.any() — Without a guess the perplexity is said to be 0, but
    #   it follows from the loss there too, and the exponential of 0 is 1.
    # ✗ return loss, nll.sum().exp() — The exponential of the sum grows with the length of the text:
    #   take it of the mean.
    # ✗ return loss, (nll.exp() * counts).sum() / counts.sum().clamp(min=1) — An average of inverse
    #   probabilities is dominated by the worst token: average first, then exponentiate.
    # ✗ return loss, 2**loss — The loss is measured in nats: the base is e.
    # ✗ lengths = counts.sum(dim=1).clamp(min=1); return loss, (nll.sum(dim=1) /
    #   lengths).exp().mean() — The perplexities of sequences do not average: take the exponential
    #   of the mean over all tokens.
