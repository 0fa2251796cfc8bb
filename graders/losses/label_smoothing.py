"""What label_smoothing must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write cross-entropy with label smoothing and an ignore_index.",
    asked_zh="手写带标签平滑（label smoothing）和 ignore_index 的交叉熵损失。",
    hints=(
        "Insert the smoothed distribution into the cross-entropy and collect terms. What two "
        "simple quantities per row are left?",
        "One is the usual negative log-probability of the right class, the other involves all "
        "classes alike. How are the two mixed?",
        "No one-hot matrix is needed: log-softmax, look up one entry, average all of them, mix "
        "with 1 − ε and ε. Ignored rows must be missing from both the sum and the count.",
    ),
    follow_ups={
        "What logits minimise the loss?": (
            "The softmax equals q: the right class leads all others by log((1 − ε + ε/K) / "
            "(ε/K)), a finite gap. With hard labels the gap would have to grow without end."
        ),
        "What is the gradient?": (
            "softmax(logits) − q, over the number of rows. It changes sign once the right class "
            "is more certain than 1 − ε + ε/K, so overconfidence is pulled back."
        ),
        "When does it hurt?": (
            "A teacher trained with it distils worse, since the similarities between wrong "
            "classes are flattened. It also blurs calibrated tails, and the loss no longer gives "
            "a perplexity."
        ),
        "How does it relate to a KL term?": (
            "Up to a constant it adds ε · KL(uniform ‖ p) to (1 − ε) times the cross-entropy: a "
            "penalty on distributions that are far from uniform."
        ),
        "ε/K or ε/(K − 1)?": (
            "The two differ only in how ε is named: spreading ε′ over the K − 1 wrong classes "
            "equals ε = ε′·K/(K − 1) over all K. With a large vocabulary nobody can tell; in a "
            "test of two classes it doubles the smoothing."
        ),
    },
    source="Szegedy et al. 2016, arXiv:1512.00567, §7",
    needs=("losses/cross_entropy",),
    allows=("torch.nn.functional.kl_div",),
)


@case(N=5, K=3, epsilon=0.3)
@case(N=6, K=2, epsilon=0.05)
@case(N=1, K=7, epsilon=0.6)
def output(kata, draw, N, K, epsilon):
    """spreads ε evenly over all K classes, for logits that are a view as well"""
    logits = draw.normal(K, N, scale=2.0).T
    return kata.label_smoothing(logits, draw.integers(N, high=K), epsilon)


@case(N=4, K=5)
def standard_epsilon(kata, draw, N, K):
    """smooths by 0.1 unless told otherwise"""
    return kata.label_smoothing(draw.normal(N, K), draw.integers(N, high=K))


@case(N=6, K=4, epsilon=0.0)
@case(N=5, K=6, epsilon=1.0)
def ends(kata, draw, N, K, epsilon):
    """takes the two ends, 0 for plain labels and 1 for uniform ones"""
    return kata.label_smoothing(draw.normal(N, K), draw.integers(N, high=K), epsilon)


@case(N=9, K=4, ignore_index=2, epsilon=0.2)
@case(N=7, K=3, ignore_index=-1, epsilon=0.5)
@case(N=8, K=5, ignore_index=99, epsilon=0.4)
def ignored(kata, draw, N, K, ignore_index, epsilon):
    """leaves ignored rows out, whether the index is a class or not, and targets as they are"""
    target = draw.integers(N, high=K).where(draw.permutation(N) > 2, ignore_index)
    logits = draw.normal(N, K).requires_grad_()
    loss = kata.label_smoothing(logits, target, epsilon, ignore_index)
    draw.backward(loss)
    return {"loss": loss, "logits": logits.grad, "target": target}


@case(N=3, K=4)
def all_ignored(kata, draw, N, K):
    """is a zero with zero gradients when all rows are ignored"""
    logits = draw.normal(N, K).requires_grad_()
    loss = kata.label_smoothing(logits, torch.full((N,), -100))
    draw.backward(loss)
    return {"loss": loss, "logits": logits.grad}


@case(N=6, K=5, epsilon=0.25)
def gradients(kata, draw, N, K, epsilon):
    """passes the right gradient to the logits"""
    logits = draw.normal(N, K).requires_grad_()
    draw.backward(kata.label_smoothing(logits, draw.integers(N, high=K), epsilon))
    return logits.grad


@case(N=6, K=4, scale=3e4, epsilon=0.1)
def huge(kata, draw, N, K, scale, epsilon):
    """stays finite for logits in the ten thousands"""
    logits = draw.normal(N, K, scale=scale)
    return kata.label_smoothing(logits, draw.integers(N, high=K), epsilon)


@case(N=7, K=6, epsilon=0.35)
def float64(kata, draw, N, K, epsilon):
    """keeps double precision"""
    logits = draw.normal(N, K, scale=3.0, dtype="float64")
    return kata.label_smoothing(logits, draw.integers(N, high=K), epsilon)


@case(N=4, K=3, dtype="float16")
def half(kata, draw, N, K, dtype):
    """has the dtype of the logits in half precision, too"""
    logits, target = draw.normal(N, K, dtype=dtype), draw.integers(N, high=K)
    return str(kata.label_smoothing(logits, target).dtype)


@case(N=5, K=3)
def device(kata, draw, N, K):
    """stays on the device of its inputs"""
    return kata.label_smoothing(draw.meta.normal(N, K), draw.meta.integers(N, high=K), 0.2)


@case(epsilon=-0.1, raises=ValueError)
@case(epsilon=1.5, raises=ValueError)
def bad_epsilon(kata, draw, epsilon):
    """refuses an ε that is no proportion"""
    kata.label_smoothing(draw.normal(3, 4), draw.integers(3, high=4), epsilon)


@case(epsilons=(-0.2, 1.2))
def refused(kata, draw, epsilons):
    """refuses it even if all rows are ignored"""
    found = {}
    for epsilon in epsilons:
        try:
            kata.label_smoothing(draw.normal(3, 4), torch.full((3,), -100), epsilon)
        except ValueError:
            found[f"{epsilon=}"] = "refused"
        else:
            found[f"{epsilon=}"] = "accepted"
    return found
