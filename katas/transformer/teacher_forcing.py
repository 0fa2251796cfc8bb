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

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def shift_right(labels: Int64[Tensor, "B T"], start_id: int, pad_id: int) -> Int64[Tensor, "B T"]:
    """Return what the decoder reads."""
    raise NotImplementedError


def teacher_forcing_loss(
    decoder: Callable[[Int64[Tensor, "B T"]], Float[Tensor, "B T V"]],
    labels: Int64[Tensor, "B T"],
    start_id: int,
    pad_id: int,
) -> Float[Tensor, ""]:
    """Return the mean loss over all real labels."""
    raise NotImplementedError
