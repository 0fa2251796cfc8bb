"""Sentence embeddings from token vectors.

Turn the hidden states (B, T, d) of an encoder into one vector per sentence. `attention_mask` is 1 at
tokens and 0 at padding, on either side. `special_tokens_mask` is 1 at marks like [CLS] and [SEP], and
may be 1 at padding, too. *Words* are the tokens that are neither padding nor special.

- mode "cls": the vector of the first token that is not padding, whatever it is.
- mode "mean": the average over the words.
- mode "max_mean": for each feature the maximum over the words; behind it, the average: (B, 2·d).

A sentence that has nothing to take (no token for "cls", no words for the others) becomes zeros, and
no NaN may appear there, in the result or in a gradient. What stands in padding is finite and has no
influence. The result has the dtype of `hidden`, in which the sums of a sentence are finite. Neither
mask is written into. B and T are at least one. Raise ValueError for any other mode.

>>> hidden = torch.tensor([[[9.0, 9.0], [1.0, -5.0], [3.0, -1.0], [7.0, 7.0]]])
>>> attention, special = torch.tensor([[1, 1, 1, 0]]), torch.tensor([[1, 0, 0, 0]])
>>> sentence_pooling(hidden, attention, special, "cls")
tensor([[9., 9.]])
>>> sentence_pooling(hidden, attention, special, "max_mean")
tensor([[ 3., -1.,  2., -3.]])
"""

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def sentence_pooling(
    hidden: Float[Tensor, "B T d"],
    attention_mask: Int64[Tensor, "B T"],
    special_tokens_mask: Int64[Tensor, "B T"],
    mode: str,
) -> Float[Tensor, "B pooled"]:
    """Return one vector for each sentence."""
    raise NotImplementedError
