"""What scaled_dot_product_attention must do."""

import numpy as np

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write masked scaled dot-product attention in NumPy; return the weights too.",
    asked_zh="用 NumPy 手写带 mask 的缩放点积注意力，同时返回注意力权重。",
    hints=(
        "Write down the shape of the scores. Which axis must a query's weights sum to one over?",
        "Transpose the last two axes only, so that leading axes stay. Hide keys before the "
        "softmax, not after it, or the rest no longer sums to one.",
        "Products, scale, hide, subtract each row's maximum, exponential, divide by each row's "
        "sum. Then follow a row in which everything is hidden through these steps, and look for "
        "the two places where it becomes NaN.",
    ),
    follow_ups={
        "Why divide by √d?": (
            "With independent entries of variance one, a dot product of d terms has variance d. "
            "Divided by √d the scores have variance one whatever the width, so the softmax is "
            "not saturated at the start and gradients flow."
        ),
        "Why subtract the maximum, and does it change the result?": (
            "exp overflows above about 88 in float32 and 709 in float64. Subtracting a constant "
            "from all scores of a row cancels in the ratio, so the result is the same; with the "
            "maximum the largest term is exp(0) = 1 and the sum is at least 1."
        ),
        "What are the time and the memory?": (
            "O(T·S·(d + d_v)) operations and T·S numbers for scores and weights. Flash attention "
            "goes through the keys in tiles with a running maximum and sum, and never stores "
            "the T×S matrix."
        ),
        "What should a row get that may look at nothing?": (
            "The formula gives 0/0. Zeros are the usual choice where the row is padding anyway. A "
            "large finite negative number instead of −∞ gives a uniform average over forbidden "
            "keys: no NaN, and a silent leak."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.1, eq. 1",
    forbids=("torch.nn.functional.softmax",),
)


def inputs(draw, batch, T, S, d, d_v, **how):
    """Draw queries, keys and values."""
    normal = draw.numpy.normal
    return [normal(*batch, *shape, **how) for shape in ((T, d), (S, d), (S, d_v))]


@case(batch=(), T=4, S=6, d=5, d_v=3)
@case(batch=(3,), T=2, S=5, d=8, d_v=7)
@case(batch=(2, 4), T=3, S=5, d=6, d_v=1)
@case(batch=(1,), T=1, S=1, d=1, d_v=2)
def output(kata, draw, batch, T, S, d, d_v):
    """matches the equation, with any leading axes"""
    return kata.scaled_dot_product_attention(*inputs(draw, batch, T, S, d, d_v))


@case(n=4)
@case(n=5)
def square(kata, draw, n):
    """tells queries from keys and leading axes where all sizes are alike"""
    qkv, mask = inputs(draw, (n,), n, n, n, n), draw.numpy.permutation(n) > 1
    return [kata.scaled_dot_product_attention(*qkv, m) for m in (None, mask)]


@case(batch=(2, 3), T=4, S=7, d=5, d_v=6)
def masked(kata, draw, batch, T, S, d, d_v):
    """gives exactly zero weight to what the mask forbids, and shares out the rest"""
    q, k, v = inputs(draw, batch, T, S, d, d_v)
    whole = draw.numpy.booleans(S, T, *batch).T  # not contiguous
    whole = whole.swapaxes(0, 1) | (np.arange(S) == 2)
    weights = kata.scaled_dot_product_attention(q, k, v, whole)[1]
    return {"weights": weights, "zero": weights == 0}


@case(B=3, n_heads=2, T=4, S=7, d=5, d_v=6)
def broadcast_masks(kata, draw, B, n_heads, T, S, d, d_v):
    """takes masks of any shape that broadcasts"""
    qkv = inputs(draw, (B, n_heads), T, S, d, d_v)
    one = np.arange(S) == 4  # every query may look somewhere
    shapes = [(S,), (T, S), (1, 1, S), (B, 1, 1, S), (n_heads, 1, S), (B, 1, T, S)]
    masks = [draw.numpy.booleans(*shape) | one for shape in shapes]
    masks.append(np.broadcast_to(masks[0], (B, n_heads, T, S)))  # one row of memory
    return [kata.scaled_dot_product_attention(*qkv, mask) for mask in masks]


@case(B=3, T=4, S=5, d=6, d_v=2)
@case(B=1, T=1, S=1, d=3, d_v=2)
def nothing_to_see(kata, draw, B, T, S, d, d_v):
    """returns zeros for a query that may look at nothing, and for no other"""
    mask = np.ones((B, T, S), bool)
    mask[0] = np.arange(T)[:, None] != 0
    qkv, shapes = inputs(draw, (B,), T, S, d, d_v), ((T, S), (S,), (T, 1))
    masks = [mask, mask[0, :, :1], *(draw.numpy.booleans(*shape, p=0.0) for shape in shapes)]
    return [kata.scaled_dot_product_attention(*qkv, m) for m in masks]


@case(batch=(2,), T=5, S=4, d=6, d_v=3, scale=80.0)
def huge_scores(kata, draw, batch, T, S, d, d_v, scale):
    """stays finite with scores in the thousands, of either sign"""
    q, k, v = inputs(draw, batch, T, S, d, d_v, scale=scale)
    low = kata.scaled_dot_product_attention(-abs(q), abs(k), v)
    tiny = kata.scaled_dot_product_attention(q * np.logspace(-4, 0, T)[:, None], k, v)
    return {"all low": low, "rows of all magnitudes": tiny}


@case(batch=(2,), T=3, S=5, d=4, d_v=6, scale=300.0)
def huge_masked(kata, draw, batch, T, S, d, d_v, scale):
    """is blind to a forbidden key of high score when all else scores far below zero"""
    q, k, v = inputs(draw, batch, T, S, d, d_v, scale=scale)
    forbidden = np.arange(S) == 1
    k = np.where(forbidden[:, None], -abs(k), abs(k))
    mask = (draw.numpy.booleans(T, S) | (np.arange(S) == 3)) & ~forbidden
    return kata.scaled_dot_product_attention(-abs(q), k, v, mask)


@case(batch=(2,), T=3, S=5, d=7, d_v=4)
def float32(kata, draw, batch, T, S, d, d_v):
    """keeps single precision single"""
    qkv = inputs(draw, batch, T, S, d, d_v, dtype="float32")
    plain = kata.scaled_dot_product_attention(*qkv)
    mask = draw.numpy.booleans(T, S)
    return {"plain": plain, "masked": kata.scaled_dot_product_attention(*qkv, mask)}
