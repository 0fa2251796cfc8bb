"""What einsum_attention must do."""

import math

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write attention with einsum in PyTorch: any leading axes, an additive mask.",
    asked_zh="用 einsum 在 PyTorch 中手写注意力：支持任意前置维度与加性 mask。",
    hints=(
        "Give each axis a letter. Which letters do queries and keys share, which one is summed "
        "over, and what stands for the axes that you do not know?",
        "Products, scale, add the mask, softmax over the keys, weigh the values. The scale is a "
        "plain Python number, so it needs no tensor.",
        "Ask what a softmax makes of a row of −∞, and what its gradient is. A mask after the "
        "softmax cures the first; to cure the second the softmax must never see such a row.",
    ),
    follow_ups={
        "Which is faster, einsum or matmul?": (
            "Neither: einsum permutes and reshapes its operands and calls a batched matrix "
            "product. With three or more operands the order of contraction matters, and einsum "
            "can choose it if opt_einsum is installed."
        ),
        "When does an additive mask beat a boolean one?": (
            "When it also carries a bias: relative positions, ALiBi, a learned pair bias as in "
            "protein models. It takes the scores' dtype, so two or four bytes an entry against one."
        ),
        "Why not use the lowest finite number in place of −∞?": (
            "Added to a negative score it overflows to −∞ in half precision anyway, and a row of it "
            "turns into equal weights on keys that were to be hidden."
        ),
        "What is the gradient of the mask?": (
            "That of the scores: weights times (upstream minus its weighted mean), summed over "
            "the axes that were broadcast. Where the mask is −∞ the weight is zero and so is the gradient."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.1, eq. 1",
    needs=("attention/scaled_dot_product",),
)


def inputs(draw, batch, T, S, d, d_v, **how):
    """Draw queries, keys and values."""
    return [draw.normal(*batch, *shape, **how) for shape in ((T, d), (S, d), (S, d_v))]


def hide(shown):
    """Return 0 where a key is shown and −∞ where it is hidden."""
    return torch.zeros(shown.shape).masked_fill(~shown, -math.inf)


@case(batch=(), T=4, S=6, d=5, d_v=3)
@case(batch=(3,), T=2, S=5, d=8, d_v=7)
@case(batch=(2, 3), T=5, S=4, d=6, d_v=1)
@case(batch=(2, 1, 3, 4), T=6, S=5, d=7, d_v=8)
@case(batch=(1,), T=1, S=1, d=1, d_v=2)
def output(kata, draw, batch, T, S, d, d_v):
    """matches the equation, with any leading axes"""
    return kata.einsum_attention(*inputs(draw, batch, T, S, d, d_v))


@case(B=3, n_heads=2, T=4, S=5, d=6, d_v=7)
def biases(kata, draw, B, n_heads, T, S, d, d_v):
    """adds biases of any shape that broadcasts, some of them −∞"""
    qkv = inputs(draw, (B, n_heads), T, S, d, d_v)
    shapes = [(S,), (T, S), (n_heads, T, 1), (n_heads, T, S), (B, 1, 1, S), (B, n_heads, T, S)]
    masks = [draw.normal(*shape) for shape in shapes]
    masks.append((masks[1] + hide(draw.permutation(S) < 3)).expand(B, n_heads, T, S))
    masks.append(-2e9 * (draw.permutation(S) + 1.0))  # low, and finite
    return [kata.einsum_attention(*qkv, mask) for mask in masks]


@case(batch=(2, 3), T=4, S=5, d=6, d_v=7)
@case(batch=(3,), T=2, S=4, d=5, d_v=6)
def gradients(kata, draw, batch, T, S, d, d_v):
    """passes the right gradients to queries, keys, values and a learned mask"""
    qkv, bias = inputs(draw, batch, T, S, d, d_v), draw.normal(batch[-1], 1, S)
    for x in (*qkv, bias):
        x.requires_grad_()
    shown = draw.permutation(S) != 1
    draw.backward(kata.einsum_attention(*qkv, bias + hide(shown)))
    return {"q": qkv[0].grad, "k": qkv[1].grad, "v": qkv[2].grad, "bias": bias.grad}


@case(B=3, T=4, S=5, d=6, d_v=2)
def nothing_to_see(kata, draw, B, T, S, d, d_v):
    """returns zeros for a query that may look at nothing, with gradients free of NaN"""
    qkv = [x.requires_grad_() for x in inputs(draw, (B,), T, S, d, d_v)]
    shown = (draw.permutation(T) != 0)[:, None] & (draw.booleans(B, T, S) | (torch.arange(S) == 3))
    mask = hide(shown)
    y = kata.einsum_attention(*qkv, mask)
    draw.backward(y)
    q, k, v = (x.grad for x in qkv)
    found = {"output": y, "q": q, "k": k, "v": v, "mask afterwards": mask == 0}
    row, sequence = draw.permutation(T)[:, None], draw.permutation(B)[:, None, None]
    others = (shown[0], draw.booleans(S, p=0.0), row != 0, (sequence != 0).expand(B, 1, S))
    return {**found, "other shapes": [kata.einsum_attention(*qkv, hide(m)) for m in others]}


@case(batch=(2,), T=3, S=5, d=6, d_v=4, scale=1.0)
@case(batch=(2,), T=4, S=3, d=5, d_v=6, scale=200.0)
def float64(kata, draw, batch, T, S, d, d_v, scale):
    """keeps double precision, and stays finite and blind when the scores are large"""
    q, k, v = inputs(draw, batch, T, S, d, d_v, scale=scale, dtype="float64")
    shown = draw.permutation(S) > 0
    mask = draw.normal(S, dtype="float64") + hide(shown)
    low = (-abs(q), abs(k) * torch.where(shown, 1, -1)[:, None], v, mask)
    return {"whole": kata.einsum_attention(q, k, v), "highest hidden": kata.einsum_attention(*low)}


@case(batch=(2, 3), T=4, S=5, d=6, d_v=7)
def device(kata, draw, batch, T, S, d, d_v):
    """makes nothing on another device than its inputs'"""
    qkv, mask = inputs(draw.meta, batch, T, S, d, d_v), draw.meta.normal(T, S)
    return [kata.einsum_attention(*qkv, m) for m in (None, mask)]
