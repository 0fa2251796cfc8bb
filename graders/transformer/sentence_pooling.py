"""What sentence_pooling must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="warmup",
    asked="Pool token vectors into sentence embeddings: CLS, mean, and max with mean.",
    asked_zh="把 token 向量池化成句向量：CLS、平均，以及最大值与平均值拼接。",
    hints=(
        "Which positions are words? Combine the two masks, and beware of ~ on integers.",
        "A sum can ignore a token by multiplying with zero. Why can a maximum not, and what is "
        "the neutral element of max?",
        "Mask, sum, divide by the count of words, which must not be zero. For the maximum fill "
        "with −∞ first, and afterwards repair the sentences that have no words.",
    ),
    follow_ups={
        "Which pooling works best?": (
            "Mean pooling is the robust default for similarity: it beats an untrained [CLS] "
            "clearly, because nothing in masked-language pretraining makes [CLS] a summary. After "
            "fine-tuning on [CLS] the two are close."
        ),
        "What about decoder-only models?": (
            "Only the last token has seen the whole text, so its vector is taken, or a mean "
            "weighted by position. With left padding the last position is always a token."
        ),
        "Why multiply by a mask and not index?": (
            "Sentences have different numbers of words, so indexing gives ragged results and a "
            "loop with data-dependent shapes, which stalls a GPU and cannot be compiled. A product "
            "keeps one shape. It needs finite padding, though: 0 · ∞ is NaN."
        ),
        "How does the gradient of max and mean differ?": (
            "Mean gives every word 1/n of the gradient. Max gives everything to the winner of each "
            "feature, so training is sparser and noisier."
        ),
        "What is done after pooling for similarity search?": (
            "L2 normalisation, so that a dot product is the cosine; often centring or whitening, "
            "since raw embeddings share a few dominant directions."
        ),
    },
    source=(
        "Reimers and Gurevych 2019, arXiv:1908.10084, §3; max beside mean: Howard and Ruder 2018, "
        "arXiv:1801.06146, §3.3"
    ),
)


def masks(draw, B, T, left=False):
    """Return masks of sentences of 3 … T tokens that start and end with a mark, as views."""
    lengths = draw.integers(B, low=3, high=T)
    lengths = torch.where(torch.arange(B) == B - 1, T, lengths)  # one without padding
    place = torch.arange(T)[:, None].expand(T, B)
    attention = (place < lengths).long()
    special = ((place == 0) | (place >= lengths - 1)).long()  # padding is marked, too
    return [(mask.flip(0) if left else mask).T for mask in (attention, special)]


@case(B=3, T=7, d=4, mode="cls", left=False)
@case(B=2, T=6, d=5, mode="cls", left=True)
@case(B=4, T=6, d=3, mode="mean", left=False)
@case(B=2, T=5, d=7, mode="mean", left=True)
@case(B=3, T=8, d=5, mode="max_mean", left=False)
@case(B=2, T=7, d=3, mode="max_mean", left=True)
def output(kata, draw, B, T, d, mode, left):
    """takes the right tokens, with padding on either side, and passes gradients to them only"""
    hidden = (draw.normal(T, B, d).transpose(0, 1) - 2.0).requires_grad_()  # most are negative
    pooled = kata.sentence_pooling(hidden, *masks(draw, B, T, left), mode)
    draw.backward(pooled)
    return {"pooled": pooled, "hidden": hidden.grad}


@case(mode="cls")
@case(mode="mean")
@case(mode="max_mean")
def nothing(kata, draw, mode):
    """gives zeros, and no NaN in the gradient, where nothing is to be taken, and keeps the masks"""
    hidden = (draw.normal(4, 5, 3) - 1.0).requires_grad_()
    attention = torch.tensor([[0] * 5, [1] * 5, [0, 0, 1, 1, 0], [1, 0, 0, 0, 0]])
    special = torch.tensor([[1] * 5, [1, 0, 0, 1, 1], [1] * 5, [0] * 5])
    pooled = kata.sentence_pooling(hidden, attention, special, mode)
    draw.backward(pooled)
    found = {"pooled": pooled, "hidden": hidden.grad, "masks": [attention, special]}
    alone = [(x[i : i + 1] for x in (hidden, attention, special)) for i in (0, 2)]
    return {**found, "alone": [kata.sentence_pooling(*sentence, mode) for sentence in alone]}


@case(d=4, mode="cls")
@case(d=3, mode="mean")
@case(d=2, mode="max_mean")
def single(kata, draw, d, mode):
    """takes a lone word as it is"""
    ones = torch.ones(1, 1, dtype=torch.int64)
    return kata.sentence_pooling(draw.normal(1, 1, d), ones, 1 - ones, mode)


@case(B=3, T=6, d=4, dtype="float64", scale=1e7)
@case(B=2, T=5, d=3, dtype="float16", scale=3.0)
def precision(kata, draw, B, T, d, dtype, scale):
    """keeps the dtype, with words far below zero and padding far above"""
    hidden, given = draw.uniform(B, T, d, low=-2 * scale, high=-scale, dtype=dtype), masks(
        draw, B, T
    )
    hidden = torch.where(given[0][..., None] == 1, hidden, -hidden)
    modes = ("cls", "mean", "max_mean")
    with torch.no_grad():
        found = [kata.sentence_pooling(hidden, *given, mode) for mode in modes]
    return {**dict(zip(modes, found, strict=True)), "hidden": hidden}


@case(B=2, T=4, d=3, mode="cls")
@case(B=2, T=4, d=3, mode="max_mean")
def devices(kata, draw, B, T, d, mode):
    """stays on the device of its inputs"""
    ones, zeros = draw.meta.integers(B, T, high=2), draw.meta.integers(B, T, high=2)
    return kata.sentence_pooling(draw.meta.normal(B, T, d), ones, zeros, mode)


@case(mode="max", raises=ValueError)
@case(mode="CLS", raises=ValueError)
def unknown(kata, draw, mode):
    """refuses a mode that it does not know"""
    kata.sentence_pooling(draw.normal(2, 5, 3), *masks(draw, 2, 5), mode)
