"""What SwiGLU must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=10,
    level="warmup",
    asked="Write LLaMA's feed-forward network, SwiGLU, in PyTorch.",
    asked_zh="用 PyTorch 手写 LLaMA 的前馈网络 SwiGLU。",
    hints=(
        "How many matrices does a gated network have, and which of its branches is bent?",
        "SiLU is an input times its own sigmoid. What happens to your formula at minus a thousand, "
        "and to its derivative?",
        "Project twice to the inner width, bend the gate only, multiply element by element, "
        "project back.",
    ),
    follow_ups={
        "Why is d_ff often 8/3 · d_model?": (
            "There are three matrices instead of two. With two thirds of the usual 4·d_model the "
            "parameters and operations are those of the plain network: 3 · 8/3 = 2 · 4."
        ),
        "Why does gating help?": (
            "The product gives interactions between features, which one layer with a fixed "
            "nonlinearity must approximate. The paper shows lower perplexity at equal size and "
            "offers no explanation."
        ),
        "How is it made fast?": (
            "Gate and value are one product with the matrices stacked, split afterwards; SiLU "
            "and the product are fused, so the inner activations go through memory once."
        ),
        "What does it cost in memory for the backward pass?": (
            "The two projections, and without recomputation the gate's activation and the product "
            "as well: up to four tensors of width d_ff for each token against two in the plain "
            "network. Recomputing the cheap elementwise part avoids half."
        ),
    },
    source="Shazeer 2020, arXiv:2002.05202, eq. 6",
    needs=("transformer/feed_forward",),
)


@case(outer=(2, 5), d_model=6, d_ff=11)
@case(outer=(1, 1), d_model=3, d_ff=2)
@case(outer=(), d_model=4, d_ff=7)
def output(kata, draw, outer, d_model, d_ff):
    """matches the equation, with any axes in front"""
    return draw.weights(kata.SwiGLU(d_model, d_ff))(draw.normal(*outer, d_model, scale=2.0))


@case(B=2, T=3, d_model=5, d_ff=8)
def gradients(kata, draw, B, T, d_model, d_ff):
    """passes the right gradients to the input and every weight"""
    layer = draw.weights(kata.SwiGLU(d_model, d_ff))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(B=4, d_model=5, d_ff=6)
def saturated(kata, draw, B, d_model, d_ff):
    """stays finite, gradients included, when the gate's input is in the thousands"""
    layer = draw.weights(kata.SwiGLU(d_model, d_ff))
    x = draw.normal(B, d_model, scale=5e3).requires_grad_()
    y = layer(x)
    draw.backward(y)
    return {"y": y, "x": x.grad, **draw.gradients(layer)}


@case(B=2, d_model=5, d_ff=3, low=2e3, high=4e3)
def shut(kata, draw, B, d_model, d_ff, low, high):
    """lets nothing through where the gate's input is thousands below zero"""
    layer = draw.weights(kata.SwiGLU(d_model, d_ff))
    with torch.no_grad():
        layer.gate_proj.weight.fill_(-1 / d_model)
    return layer(draw.uniform(B, d_model, low=low, high=high))


@case(d_model=3, d_ff=5)
def saved(kata, draw, d_model, d_ff):
    """saves three weights and no bias, and starts random"""
    one, two = kata.SwiGLU(d_model, d_ff), kata.SwiGLU(d_model, d_ff)
    shapes = {name: tuple(value.shape) for name, value in sorted(one.state_dict().items())}
    return {**shapes, "alike": bool((one.up_proj.weight == two.up_proj.weight).all())}


@case(B=3, T=2, d_model=4, d_ff=6)
def float64(kata, draw, B, T, d_model, d_ff):
    """keeps double precision, also of an input that is a view"""
    layer = draw.weights(kata.SwiGLU(d_model, d_ff), dtype="float64")
    return layer(draw.normal(T, d_model, B, dtype="float64").permute(2, 0, 1))


@case(B=2, T=3, d_model=4, d_ff=5)
def devices(kata, draw, B, T, d_model, d_ff):
    """stays on the device of its input"""
    return draw.meta.weights(kata.SwiGLU(d_model, d_ff))(draw.meta.normal(B, T, d_model))
