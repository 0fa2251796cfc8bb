"""What SelfAttention must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=25,
    level="core",
    asked="Write multi-head self-attention with a padding mask as a PyTorch module.",
    asked_zh="用 PyTorch 手写带 padding mask 的多头自注意力模块。",
    hints=(
        "Write down the shape after every step. What is the shape of the scores when every head "
        "of every sequence has its own, and which axis belongs to the keys?",
        "Make the heads a batch axis in front of the tokens: split the last axis in two, then "
        "swap. The way back is the same two steps in reverse.",
        "Project, split, scale the products of queries and keys, hide the padded keys before the "
        "softmax, weigh the values, join, project. Then ask what a softmax makes of a row in "
        "which every key is hidden, and replace that.",
    ),
    follow_ups={
        "Why divide by √d_head?": (
            "With independent entries of variance one, a dot product of d_head terms has variance "
            "d_head. Without the division the softmax gets inputs so far apart that it is nearly "
            "one-hot, and its gradient nearly zero."
        ),
        "What does it cost in time and memory?": (
            "O(T·d_model²) for the four projections and O(T²·d_model) for scores and weighted "
            "sum; the weights take n_heads·T² numbers per sequence. The number of heads does not "
            "change the arithmetic. Tiled (flash) attention avoids storing the weights."
        ),
        "What is the gradient of k_proj's bias?": (
            "Zero. The bias adds q·b to all scores of a query alike, and the softmax ignores a "
            "constant shift, so the bias of the keys could be left out."
        ),
        "Why is −∞ risky as a mask, and what do libraries do?": (
            "A row that is all −∞ gives 0/0, and one NaN spreads to every weight through the "
            "gradient. Libraries either use the dtype's lowest finite number, which then spreads "
            "the weight evenly over the padding, or set such rows to zero afterwards."
        ),
        "Why several heads and not one wide one?": (
            "One head makes one weighted average per token. Several look in different places at "
            "the same time, each in a narrower space, for the same number of operations."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.1–3.2.2, eq. 1",
)


@case(B=2, T=5, d_model=12, n_heads=3)
@case(B=4, T=3, d_model=10, n_heads=1)
@case(B=1, T=1, d_model=8, n_heads=4)
def output(kata, draw, B, T, d_model, n_heads):
    """matches the equation"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads))
    return layer(draw.normal(B, T, d_model))


@case(B=3, T=7, d_model=10, n_heads=2)
@case(B=4, T=4, d_model=8, n_heads=4)  # alike: axes could be swapped
def padding(kata, draw, B, T, d_model, n_heads):
    """does not attend to padding, on the right or on the left, in tensors that are views"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads))
    x = draw.normal(T, B, d_model).transpose(0, 1)
    right = (torch.arange(T)[:, None] >= draw.integers(B, low=1, high=T)).T  # not contiguous
    same = draw.permutation(T).lt(3).expand(B, T)  # one row of memory for the whole batch
    found = {"right": layer(x, right), "left": layer(x, right.flip(-1)), "same": layer(x, same)}
    return {**found, "none": layer(x)}


@case(B=3, T=4, d_model=6, n_heads=2)
def all_padding(kata, draw, B, T, d_model, n_heads):
    """gives zero weights to a sequence that is all padding, with gradients free of NaN"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads))
    x = draw.normal(B, T, d_model).requires_grad_()
    padding = torch.arange(T) == T - 1
    y = layer(x, padding | (torch.arange(B) == 1)[:, None])
    draw.backward(y)
    nothing = layer(x, draw.booleans(B, T, p=1.0))
    return {"output": y, "x": x.grad, "out_proj": layer.out_proj.weight.grad, "nothing": nothing}


@case(B=2, T=4, d_model=15, n_heads=3)
@case(B=1, T=3, d_model=4, n_heads=2)
def gradients(kata, draw, B, T, d_model, n_heads):
    """passes the right gradients to the input and every weight"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x))
    found = draw.gradients(layer)
    # The gradient of the keys' bias is zero but for rounding, so it cannot be compared alone.
    k = torch.cat([found.pop("k_proj.weight"), found.pop("k_proj.bias")[:, None]], dim=1)
    return {"x": x.grad, "k_proj": k, **found}


@case(B=2, T=7, d_model=8, n_heads=2)
def float64(kata, draw, B, T, d_model, n_heads):
    """keeps double precision"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads), dtype="float64")
    last = torch.arange(T).eq(T - 1).expand(B, T)
    return layer(draw.normal(B, T, d_model, scale=4.0, dtype="float64"), last)


@case(B=2, T=6, d_model=9, n_heads=3)
def huge_scores(kata, draw, B, T, d_model, n_heads):
    """stays finite, and blind to padding, when the scores are in the ten thousands"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads), dtype="float64")
    x = draw.normal(B, T, d_model, scale=300.0, dtype="float64")
    return {"whole": layer(x), "one token": layer(x, torch.arange(T).ne(2).expand(B, T))}


@case(B=2, T=5, d_model=6, n_heads=3)
def half(kata, draw, B, T, d_model, n_heads):
    """works in half precision"""
    layer = draw.weights(kata.SelfAttention(d_model, n_heads), dtype="float16")
    return layer(draw.normal(B, T, d_model, dtype="float16"), torch.arange(T).eq(1).expand(B, T))


@case(B=2, T=4, d_model=6, n_heads=3)
def device(kata, draw, B, T, d_model, n_heads):
    """makes nothing on another device than its input's"""
    layer = draw.meta.weights(kata.SelfAttention(d_model, n_heads))
    x = draw.meta.normal(B, T, d_model)
    return layer(x), layer(x, draw.meta.booleans(B, T))


@case(d_model=10, n_heads=4, raises=ValueError)
def indivisible(kata, draw, d_model, n_heads):
    """refuses a width that the heads cannot share out evenly"""
    kata.SelfAttention(d_model, n_heads)
