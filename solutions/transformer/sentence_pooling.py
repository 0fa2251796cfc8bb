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

import math

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
    real = attention_mask.bool()
    if mode == "cls":
        picked = real & (real.cumsum(1) == 1)  # B T
        # ✗ picked = real & (torch.arange(real.shape[1], device=real.device) == 0) — With padding on
        #   the left the first position holds no token: look for the first real one.
        # ✗ picked = torch.arange(real.shape[1], device=real.device).expand_as(real) == 0 — Position
        #   zero is taken even if it is padding: look for the first real token.
        # ✗ picked = real.cumsum(1) == 1 — Padding after a lone token counts as that token: demand
        #   that the position itself is real.
        # ✗ words = real & ~special_tokens_mask.bool(); picked = words & (words.cumsum(1) == 1) — The
        #   first word is taken: the [CLS] mark before it is the one that is asked for.
        return (hidden * picked[..., None]).sum(1)
        # ✗ return hidden[torch.arange(len(real), device=real.device), real.int().argmax(1)] — A
        #   sentence without tokens gets a vector of padding: give it zeros.
    if mode not in ("mean", "max_mean"):
        raise ValueError(f"{mode=} is not cls, mean or max_mean")
    # ✗ pass — An unknown mode is silently taken for another one: refuse it.
    words = (real & ~special_tokens_mask.bool())[..., None]  # B T 1
    # ✗ words = real[..., None] — Marks like [CLS] and [SEP] are averaged with the words: leave them
    #   out.
    # ✗ words = ~special_tokens_mask.bool()[..., None] — Padding is averaged with the words: the
    #   attention mask must be one, too.
    # ✗ words = (real & special_tokens_mask.bool())[..., None] — Only the special tokens are pooled:
    #   read their mask the other way round.
    mean = (hidden * words).sum(1) / words.sum(1).clamp(min=1)
    # ✗ mean = (hidden * words).sum(1) / words.sum(1) — Without words zero is divided by zero: count
    #   at least one.
    # ✗ mean = (hidden * words).mean(1) — The sum is divided by the padded length: divide by the
    #   number of words.
    # ✗ mean = (hidden * words).sum(1) / real.sum(1, keepdim=True).clamp(min=1) — The special tokens
    #   are counted, though they are not in the sum: count words.
    # ✗ mean = (hidden * words).sum(1) / (words.sum(1) + 1e-9) — The tiny number changes the mean, or
    #   vanishes beside the count: count at least one.
    # ✗ mean = hidden.mean(1) — Everything is averaged, padding included: sum the words only.
    # ✗ mean = (hidden * words).sum(1) / words.sum().clamp(min=1) — The words of the whole batch are
    #   counted: count those of each sentence.
    if mode == "mean":
        return mean
    largest = hidden.masked_fill(~words, -math.inf).amax(1)
    # ✗ largest = (hidden * words).amax(1) — The zeros of masked tokens win over negative values: fill
    #   them with −∞.
    # ✗ largest = hidden.masked_fill(~words, -1e4).amax(1) — Values may be lower than −10⁴: fill with −∞.
    # ✗ largest = (hidden - ~words * (hidden.detach().abs().amax() + 1)).amax(1) — Large values of padding are only
    #   lowered, and may still win over negative words: fill them with −∞.
    # ✗ largest = hidden.amax(1) — The maximum runs over padding and special tokens: fill them with −∞.
    largest = largest.masked_fill(~words.any(1), 0.0)
    # ✗ pass — A sentence without words becomes −∞: give it zeros.
    return torch.cat([largest, mean], dim=-1)
    # ✗ return torch.cat([mean, largest], dim=-1) — The halves have changed places: the maximum comes
    #   first.
    # ✗ return largest + mean — The halves are added: lay them side by side.
