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
    raise NotImplementedError
