"""What cross_entropy must do."""

import math

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write cross-entropy from logits, with class weights and an ignore_index.",
    asked_zh="手写从 logits 出发的交叉熵损失，支持类别权重和 ignore_index。",
    hints=(
        "Write −log softmax(x)[y] as a difference of two terms. Which of the two can overflow, "
        "and what is the standard cure?",
        "An ignored target may be no valid index. What can you put in its place before you look "
        "anything up, and how do you make sure that it counts for nothing?",
        "Build two vectors of length N, losses and weights, both zero in ignored rows. The sum of "
        "products is one reduction; what you divide it by gives the other.",
    ),
    follow_ups={
        "What is the gradient of one row's loss?": (
            "softmax(x) minus the one-hot target, times the row's weight, and for the mean "
            "divided by the sum of weights. It lies between −1 and 1 per logit, so it never "
            "explodes."
        ),
        "Why compute it from logits and not from probabilities?": (
            "In float32 a probability below about 1e-45 is zero and its logarithm −∞, with a NaN "
            "gradient. Log-sum-exp keeps the log-probability exact however unlikely the class is, "
            "and the fused gradient needs no division by the probability."
        ),
        "Why divide by the sum of weights?": (
            "Then the loss stays an average: multiplying all weights by a constant changes "
            "nothing, and a batch full of heavy classes does not get a larger step."
        ),
        "What goes wrong with the mean across several micro-batches or devices?": (
            "Each divides by its own number of kept rows, so an average of means gives tokens in "
            "short batches too much weight. Sum losses and weights separately, and divide once."
        ),
        "How does the loss relate to KL divergence and maximum likelihood?": (
            "It is the negative log-likelihood of the targets. Against a target distribution p it "
            "is H(p) + KL(p‖q); for one-hot targets H(p) = 0, so both are the same."
        ),
    },
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, §6.2.2.3",
)


@case(N=5, K=4, reduction="mean")
@case(N=6, K=3, reduction="sum")
@case(N=1, K=7, reduction="mean")
def output(kata, draw, N, K, reduction):
    """matches the equation, for logits that are a view as well"""
    logits = draw.normal(K, N, scale=2.0).T
    return kata.cross_entropy(logits, draw.integers(N, high=K), reduction=reduction)


@case(N=7, K=4, low=1e-6, high=1e-5)
@case(N=8, K=3, low=1.0, high=9.0)
def weighted(kata, draw, N, K, low, high):
    """weighs rows by their class, and divides the mean by the weights that were used"""
    given = draw.normal(N, K), draw.integers(N, high=K), draw.uniform(K, low=low, high=high)
    by_default = kata.cross_entropy(*given)
    return {"mean": by_default, "sum": kata.cross_entropy(*given, reduction="sum")}


@case(N=9, K=4, ignore_index=2)
@case(N=8, K=5, ignore_index=-1)
@case(N=7, K=3, ignore_index=99)
def ignored(kata, draw, N, K, ignore_index):
    """leaves ignored rows out, whether the index is a class or not, and targets as they are"""
    logits, weight = draw.normal(N, K), draw.uniform(K, low=0.2, high=0.7)
    target = draw.integers(N, high=K).where(draw.permutation(N) > 2, ignore_index)
    common = {"ignore_index": ignore_index}
    return {
        "plain": kata.cross_entropy(logits, target, **common),
        "weighted": kata.cross_entropy(logits, target, weight, **common),
        "sum": kata.cross_entropy(logits, target, weight, reduction="sum", **common),
        "target": target,
    }


@case(N=4, K=5, reduction="mean", ruled_out=0)
@case(N=3, K=4, reduction="sum", ruled_out=0)
@case(N=3, K=6, reduction="mean", ruled_out=2)
def all_ignored(kata, draw, N, K, reduction, ruled_out):
    """is a zero with zero gradients when all rows are ignored, whatever they hold"""
    dead = torch.arange(K) < ruled_out
    logits = draw.normal(N, K).masked_fill(dead, -math.inf).requires_grad_()
    loss = kata.cross_entropy(logits, torch.full((N,), -100), reduction=reduction)
    draw.backward(loss)
    return {"loss": loss, "logits": logits.grad}


@case(N=8, K=5, reduction="mean")
@case(N=6, K=7, reduction="sum")
def gradients(kata, draw, N, K, reduction):
    """passes the right gradient to the logits"""
    logits, weight = draw.normal(N, K).requires_grad_(), draw.uniform(K, low=0.3, high=2.0)
    target = draw.integers(N, high=K).where(draw.permutation(N) > 1, -100)
    draw.backward(kata.cross_entropy(logits, target, weight, reduction=reduction))
    return logits.grad


@case(N=6, K=4, scale=3e4)
def huge(kata, draw, N, K, scale):
    """stays finite for logits in the ten thousands, and so do the gradients"""
    # No two of a row lie close together: rounding would decide between them. Rows differ as well.
    rows = 2 * scale * torch.arange(N)[:, None].remainder(3)
    logits = (scale * (draw.uniform(N, K).argsort(dim=1) - 1.5) + rows).requires_grad_()
    loss = kata.cross_entropy(logits, draw.integers(N, high=K))
    draw.backward(loss)
    return {"loss": loss, "logits": logits.grad}


@case(N=7, K=6, ignored=2, shift=0.0, scale=1.0)
@case(N=5, K=4, ignored=0, shift=0.0, scale=1.0)
@case(N=6, K=5, ignored=1, shift=-5e10, scale=1e9)
def ruled_out(kata, draw, N, K, ignored, shift, scale):
    """lets −∞ rule out a class that is wrong, and nearly anything in an ignored row"""
    target = draw.integers(N, low=1, high=K - 1).where(draw.permutation(N) >= ignored, -100)
    dead = (torch.arange(K) == 0) | ((target == -100)[:, None] & (torch.arange(K) != 3))
    logits = shift + draw.normal(N, K, scale=scale)
    logits = logits.masked_fill(dead, -math.inf).requires_grad_()
    loss = kata.cross_entropy(logits, target)
    draw.backward(loss)
    return {"loss": loss, "logits": logits.grad}


@case(N=11, K=6)
def float64(kata, draw, N, K):
    """keeps double precision"""
    target = draw.integers(N, high=K)
    return kata.cross_entropy(draw.normal(N, K, scale=4.0, dtype="float64"), target)


@case(N=4, K=3, dtype="float16")
@case(N=3, K=5, dtype="bfloat16")
def half(kata, draw, N, K, dtype):
    """has the dtype of the logits in half precision, too"""
    logits, target = draw.normal(N, K, dtype=dtype), draw.integers(N, high=K)
    losses = [kata.cross_entropy(logits, target, reduction=name) for name in ("mean", "sum")]
    return [str(loss.dtype) for loss in losses]


@case(N=5, K=3)
def device(kata, draw, N, K):
    """stays on the device of its inputs"""
    meta = draw.meta
    target, weight = meta.integers(N, high=K), meta.uniform(K)
    return kata.cross_entropy(meta.normal(N, K), target, weight)


@case(reduction="avg", raises=ValueError)
def unknown_reduction(kata, draw, reduction):
    """refuses a reduction that it does not know"""
    kata.cross_entropy(draw.normal(3, 4), draw.integers(3, high=4), reduction=reduction)


@case(reduction="none")
def refused(kata, draw, reduction):
    """refuses it even if all rows are ignored"""
    found = {}
    for ignore_index in (-100, 2):
        given = draw.normal(3, 4), torch.full((3,), 2), None, ignore_index, reduction
        try:
            kata.cross_entropy(*given)
        except ValueError:
            found[f"{ignore_index=}"] = "refused"
        else:
            found[f"{ignore_index=}"] = "accepted"
    return found
