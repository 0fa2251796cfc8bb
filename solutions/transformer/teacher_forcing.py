"""Teacher forcing: one training step of a decoder.

A decoder predicts each target token from those before it. In training it is shown the true ones, all
at once, whatever it would have said itself.

`labels` (B, T) holds the target tokens, the end mark included, and −100 at padding, which may stand
anywhere. `decoder` maps tokens (B, T) to finite logits (B, T, V); its position t sees tokens 0 … t
only.

- `shift_right` makes the decoder's input: the start token, then all labels but the last, so that
  position t is to predict labels[:, t]. A −100 among them is no token: put the padding token there.
- `teacher_forcing_loss` runs the decoder once on that input and averages −log softmax(logits) at
  the label over every label of the batch that is not −100. Any token may be a label, also the one
  that pads the input. If all are −100, the loss is zero; it still depends on the logits, whose
  gradients are zero, not NaN and not missing.

Neither function writes into `labels`.

>>> labels = torch.tensor([[5, 6, 2], [7, 2, -100]])
>>> shift_right(labels, start_id=1, pad_id=0)
tensor([[1, 5, 6],
        [1, 7, 2]])
>>> teacher_forcing_loss(lambda tokens: torch.zeros(2, 3, 8), labels, start_id=1, pad_id=0)
tensor(2.0794)
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def shift_right(labels: Int64[Tensor, "B T"], start_id: int, pad_id: int) -> Int64[Tensor, "B T"]:
    """Return what the decoder reads."""
    start = torch.full_like(labels[:, :1], start_id)
    # ✗ start = torch.full_like(labels[:, :1], pad_id) — The sequence starts with padding, as in T5:
    #   use the start token that is given.
    # ✗ start = torch.full((len(labels), 1), start_id) — The start tokens are made on the CPU,
    #   wherever the labels are: make them like those.
    shifted = torch.cat([start, labels[:, :-1]], dim=1)
    # ✗ shifted = labels.clone() — The labels are the input, so each position sees what it is to
    #   predict: shift them by one.
    # ✗ shifted = torch.cat([labels[:, 1:], labels[:, -1:]], dim=1) — The shift goes the wrong way and
    #   shows the future: put the start token in front.
    # ✗ shifted = labels.roll(1, dims=1) — The last label comes round to the front: the start token
    #   belongs there.
    # ✗ shifted = labels.roll(1, dims=1); shifted[:, :2] = start_id — Two start tokens overwrite the
    #   first label: set the first position only.
    # ✗ shifted = torch.cat([start, labels], dim=1) — The input is one token too long: leave out the
    #   last label, after which nothing is predicted.
    return shifted.masked_fill(shifted == -100, pad_id)
    # ✗ return shifted — The mark −100 is no token, and an embedding cannot look it up: replace it
    #   by padding.
    # ✗ return shifted.masked_fill(shifted == -100, start_id) — Padding is filled with start tokens:
    #   use the padding token.
    # ✗ return shifted.clamp(min=0) — The mark becomes token zero, whichever pads: use the padding
    #   token that is given.


def teacher_forcing_loss(
    decoder: Callable[[Int64[Tensor, "B T"]], Float[Tensor, "B T V"]],
    labels: Int64[Tensor, "B T"],
    start_id: int,
    pad_id: int,
) -> Float[Tensor, ""]:
    """Return the mean loss over all real labels."""
    logits = decoder(shift_right(labels, start_id, pad_id))
    # ✗ logits = decoder(labels.masked_fill(labels == -100, pad_id)) — The labels are the input, so
    #   each position sees what it is to predict: shift them first.
    # ✗ logits = decoder(shift_right(labels, start_id, pad_id)).detach() — No gradient reaches the
    #   decoder: leave the logits attached.
    real = labels != -100
    # ✗ real = (labels != -100) & (labels != pad_id) — A label that happens to be the padding token is
    #   left out: only −100 is.
    # ✗ real = shift_right(labels, start_id, pad_id) != pad_id — The mask comes from the input, one
    #   step late: take it from the labels.
    # ✗ real = (labels != -100) & (labels.new_ones(labels.shape).cumsum(1) < labels.shape[1]) — The last
    #   token is never predicted, and the decoder never learns to end: score every label.
    index = labels.masked_fill(~real, 0).unsqueeze(-1)
    # ✗ index = labels.masked_fill_(~real, 0).unsqueeze(-1) — The marks of padding are written over in the caller's
    #   labels, and the next epoch scores them: fill a copy.
    losses = -logits.log_softmax(-1).gather(-1, index).squeeze(-1)  # B T
    # ✗ losses = -logits.softmax(-1).log().gather(-1, index).squeeze(-1) — A probability that
    #   underflows has logarithm −∞: use the log-softmax.
    # ✗ losses = -logits.gather(-1, index).squeeze(-1) — Bare logits are no log-probabilities:
    #   normalise them over the vocabulary.
    return losses.masked_fill(~real, 0.0).sum() / real.sum().clamp(min=1)
    # ✗ return losses.mean() — Padding is scored, too: leave out what is −100.
    # ✗ return losses[real].mean() if real.any() else logits.new_zeros(()) — A zero that does not hang
    #   on the logits breaks the backward pass of a batch without labels: divide an empty sum by one.
    # ✗ return losses[real].mean() — Without labels zero is divided by zero: count at least one.
    # ✗ return losses.masked_fill(~real, 0.0).mean() — The sum is divided by the padded size: divide by
    #   the number of real labels.
    # ✗ return losses[real].sum() / len(labels) — The sum is divided by the number of sequences: divide
    #   by the number of real labels.
    # ✗ return (losses.masked_fill(~real, 0.0).sum(1) / real.sum(1).clamp(min=1)).mean() — Each
    #   sequence weighs alike, so tokens of short ones count more: average over tokens once.
    # ✗ return losses[real].sum() — The sum grows with the batch: divide by the number of real labels.


# ✗ teacher_forcing_loss — The decoder reads its own guesses, one call for each: show it the true
#   tokens, all at once.
def _(decoder, labels, start_id, pad_id):
    tokens = torch.full_like(labels, pad_id)
    tokens[:, 0] = start_id
    for t in range(1, labels.shape[1]):
        tokens[:, t] = decoder(tokens)[:, t - 1].detach().argmax(-1)
    losses = torch.nn.functional.cross_entropy(
        decoder(tokens).flatten(0, 1), labels.flatten(), reduction="sum"
    )
    return losses / (labels != -100).sum().clamp(min=1)
