"""What sequence_nll must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write the next-token loss and the perplexity of a padded batch.",
    asked_zh="手写带 padding 的批次上的下一个 token 预测损失和困惑度（perplexity）。",
    hints=(
        "Which token do the logits at position 3 say something about? Which position's logits, "
        "and which token, are left over?",
        "After the shift every guess has two positions. Build the mask of the guesses from the "
        "mask of the tokens, and try it with padding on the left.",
        "Cut logits and tokens, look up log-probabilities with harmless ids in place of padding, "
        "then divide one sum over the batch by one count over the batch. Perplexity comes last.",
    ),
    follow_ups={
        "Why not average per sequence first?": (
            "Every sequence would count alike, so a token in a short one counts more. The corpus "
            "likelihood is a product over tokens; its mean per token needs one sum and one count."
        ),
        "How do you combine several batches, or several devices?": (
            "Add up the sums of losses and the counts, and divide once at the end. Means of "
            "batches with different numbers of tokens cannot be averaged, and perplexities even "
            "less."
        ),
        "Can perplexities of two models be compared?": (
            "Only with the same tokens. With different tokenizers compare bits per byte: the "
            "total loss over ln 2, divided by the number of bytes of the text."
        ),
        "What does a perplexity of 20 mean?": (
            "The model is as uncertain, in the geometric mean, as if it chose evenly among 20 "
            "tokens. A uniform model has the size of its vocabulary."
        ),
        "How do you score a text longer than the context?": (
            "Slide a window with overlap and count only the tokens that are new in each window, "
            "so that all but the first have enough context. A larger overlap costs more passes "
            "and gives a lower, fairer figure."
        ),
    },
    source="Jurafsky and Martin, Speech and Language Processing, 3rd ed., chapter on n-gram models",
    needs=("losses/cross_entropy",),
    allows=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.kl_div",
    ),
)


@case(B=3, T=5, V=4)
@case(B=1, T=2, V=7)
def no_padding(kata, draw, B, T, V):
    """compares the logits at each position with the next token"""
    tokens, mask = draw.integers(B, T, high=V), torch.ones(B, T, dtype=torch.bool)
    return kata.sequence_nll(draw.normal(T, B, V, scale=2.0).transpose(0, 1), tokens, mask)


@case(B=4, T=9, V=5, side="right")
@case(B=3, T=8, V=6, side="left")
def padding(kata, draw, B, T, V, side):
    """counts guesses from a real token at a real token, and every one alike"""
    mask = (torch.arange(T)[:, None] < torch.arange(2, B + 2) * 2 - 1).T  # lengths differ; a view
    mask = mask.flip(-1) if side == "left" else mask
    tokens = draw.integers(B, T, high=V).where(mask, -100)
    logits = draw.normal(B, T, V, scale=2.0).requires_grad_()
    loss, perplexity = kata.sequence_nll(logits, tokens, mask)
    draw.backward(loss)
    return {"loss": loss, "perplexity": perplexity, "logits": logits.grad}


@case(B=3, T=12, V=5)
def holes(kata, draw, B, T, V):
    """takes padding between tokens, in a mask that is one row of memory"""
    mask = (torch.arange(T) % 4 != draw.integers(1, high=4)).expand(B, T)
    tokens = draw.integers(B, T, high=V) + 1000 * ~mask
    return kata.sequence_nll(draw.normal(B, T, V), tokens, mask)


@case(B=3, T=6, V=4)
def empty_row(kata, draw, B, T, V):
    """gives no weight to a sequence that is all padding, or one token"""
    mask = torch.arange(T) < torch.tensor([0, 1, 5])[:, None]
    return kata.sequence_nll(draw.normal(B, T, V), draw.integers(B, T, high=V), mask)


@case(B=2, T=1, V=5, p=1.0)
@case(B=2, T=4, V=3, p=0.0)
def nothing_to_count(kata, draw, B, T, V, p):
    """is a zero with zero gradients when no guess counts"""
    logits, tokens = draw.normal(B, T, V).requires_grad_(), draw.integers(B, T, high=V)
    loss, perplexity = kata.sequence_nll(logits, tokens, draw.booleans(B, T, p=p))
    draw.backward(loss)
    return {"loss": loss, "perplexity": perplexity, "logits": logits.grad}


@case(B=2, T=6, V=5, scale=3e4, shift=0.0)
@case(B=3, T=4, V=6, scale=1.0, shift=400.0)
def huge(kata, draw, B, T, V, scale, shift):
    """has a finite loss for huge logits, and an infinite perplexity only where it must"""
    logits = shift + draw.normal(B, T, V, scale=scale)
    tokens = draw.integers(B, T, high=V)
    return kata.sequence_nll(logits, tokens, torch.ones(B, T, dtype=torch.bool))


@case(B=3, T=7, V=6)
def float64(kata, draw, B, T, V):
    """keeps double precision"""
    logits, tokens = draw.normal(B, T, V, dtype="float64"), draw.integers(B, T, high=V)
    return kata.sequence_nll(logits, tokens, torch.arange(T).lt(5).expand(B, T))


@case(B=2, T=3, V=4, dtype="float16")
def half(kata, draw, B, T, V, dtype):
    """has the dtype of the logits in half precision, too"""
    logits, tokens = draw.normal(B, T, V, dtype=dtype), draw.integers(B, T, high=V)
    results = kata.sequence_nll(logits, tokens, torch.ones(B, T, dtype=torch.bool))
    return [str(result.dtype) for result in results]


@case(B=2, T=4, V=3)
def device(kata, draw, B, T, V):
    """stays on the device of its inputs"""
    meta = draw.meta
    mask = meta.booleans(B, T)
    return kata.sequence_nll(meta.normal(B, T, V), meta.integers(B, T, high=V), mask)
