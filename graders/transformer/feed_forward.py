"""What FeedForward must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=10,
    level="warmup",
    asked="Write a Transformer's position-wise feed-forward network in PyTorch.",
    asked_zh="用 PyTorch 手写 Transformer 中的逐位置前馈网络。",
    hints=(
        "How many matrices, of which shapes? What does the network know of the other tokens?",
        "A linear layer already works on the last axis, whatever stands in front.",
        "Widen, cut off the negative part, narrow. Nothing happens before the first layer or "
        "after the second.",
    ),
    follow_ups={
        "How many parameters and operations is that?": (
            "2·d_model·d_ff weights plus d_ff + d_model biases, about two operations for each "
            "weight and token. With d_ff = 4·d_model it is two thirds of an encoder layer's "
            "parameters."
        ),
        "Why widen by four?": (
            "A convention from the paper (512 to 2048) that has held up: attention mixes tokens, "
            "and the wide layer holds most of the capacity to transform each. Gated networks use "
            "about 8/3 to spend the same."
        ),
        "Why is it called position-wise, and what is it as a convolution?": (
            "The same weights serve every token, and no token sees another. It equals two "
            "convolutions of kernel size one along the sequence."
        ),
        "How is it split over several devices?": (
            "Tensor parallelism cuts the first matrix by its output features and the second by its "
            "inputs. Every device keeps its own hidden units, which the nonlinearity leaves apart, "
            "and one sum at the end joins them."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.3, eq. 2",
)


@case(outer=(2, 5), d_model=6, d_ff=11)
@case(outer=(1, 1), d_model=3, d_ff=2)
@case(outer=(), d_model=4, d_ff=7)
def output(kata, draw, outer, d_model, d_ff):
    """matches the equation, with any axes in front"""
    return draw.weights(kata.FeedForward(d_model, d_ff))(draw.normal(*outer, d_model))


@case(B=2, T=3, d_model=5, d_ff=8)
def gradients(kata, draw, B, T, d_model, d_ff):
    """passes the right gradients to the input and every weight"""
    layer = draw.weights(kata.FeedForward(d_model, d_ff))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(d_model=3, d_ff=5)
def saved(kata, draw, d_model, d_ff):
    """saves two weights and two biases, and starts random"""
    one, two = kata.FeedForward(d_model, d_ff), kata.FeedForward(d_model, d_ff)
    shapes = {name: tuple(value.shape) for name, value in sorted(one.state_dict().items())}
    return {**shapes, "alike": bool((one.up.weight == two.up.weight).all())}


@case(B=3, T=2, d_model=4, d_ff=6, scale=1e5)
@case(B=2, T=3, d_model=5, d_ff=7, scale=1e-5)
def float64(kata, draw, B, T, d_model, d_ff, scale):
    """keeps double precision, also of a view, with activations large or tiny"""
    layer = draw.weights(kata.FeedForward(d_model, d_ff), dtype="float64")
    with torch.no_grad():
        layer.up.bias *= scale
        return layer(draw.normal(T, d_model, B, scale=scale, dtype="float64").permute(2, 0, 1))


@case(B=2, T=3, d_model=4, d_ff=5)
def devices(kata, draw, B, T, d_model, d_ff):
    """stays on the device of its input"""
    layer = draw.meta.weights(kata.FeedForward(d_model, d_ff))
    return layer(draw.meta.normal(B, T, d_model))
