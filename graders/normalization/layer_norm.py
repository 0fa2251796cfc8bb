"""What LayerNorm must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write layer normalization over the last axes, with scale and shift, in PyTorch.",
    asked_zh="用 PyTorch 手写 LayerNorm：对最后若干维做归一化，带可学习的缩放和平移。",
    hints=(
        "Which numbers share one mean? Draw a batch of two sequences of three tokens and circle "
        "one such group.",
        "Averages over several axes at once keep those axes with size one, so that everything "
        "broadcasts back. Which dtype should they be worked out in?",
        "Widen half precision, subtract the mean, average the squares of what is left, divide by "
        "the root of that plus eps, scale, shift, and return to the dtype you were given.",
    ),
    follow_ups={
        "Why does a Transformer use layer norm and not batch norm?": (
            "Its statistics come from one token alone, so they do not depend on batch size, on "
            "sequence length or on padding, and training and inference compute the same. Batch "
            "norm would need running averages over tokens of very different kinds."
        ),
        "Why is the variance divided by n?": (
            "It is not an estimate for a larger population: all entries are there. The Bessel "
            "correction would only rescale y by √((n − 1)/n), and fail for n = 1."
        ),
        "What does RMSNorm leave out, and what does it save?": (
            "The mean and the bias. It needs one reduction in place of two and trains about as "
            "well, because the re-scaling matters more than the re-centring."
        ),
        "What does scaling the input by a constant change?": (
            "Apart from eps, nothing in the output; the gradient to the input is divided by the "
            "constant. That keeps activations in range, and it makes the scale of the weights just "
            "before the norm meaningless, except for the effective learning rate."
        ),
        "How would you compute mean and variance in one pass over memory?": (
            "With Welford's recurrence, or by merging partial means and squared distances of "
            "blocks (Chan et al.). The mean of squares minus the squared mean is one pass, too, "
            "but it cancels."
        ),
    },
    source="Ba, Kiros and Hinton 2016, arXiv:1607.06450, §3, eq. 3–4",
)


@case(outer=(2, 5), inner=(12,), eps=0.1)
@case(outer=(3,), inner=(2, 7), eps=1e-5)
@case(outer=(1, 1), inner=(4,), eps=0.03)
@case(outer=(), inner=(3, 2, 5), eps=0.2)
def output(kata, draw, outer, inner, eps):
    """matches the equation, for any number of axes"""
    layer = draw.weights(kata.LayerNorm(inner, eps))
    return layer(draw.normal(*outer, *inner))


@case(outer=(3, 4), inner=(5, 6))
def new(kata, draw, outer, inner):
    """starts with scale one, shift zero and eps 10⁻⁵, and saves scale and shift"""
    layer = kata.LayerNorm(inner)
    return {"y": layer(draw.normal(*outer, *inner, scale=3e-3)), **layer.state_dict()}


@case(outer=(4, 3), inner=(7,), eps=0.1)
@case(outer=(2,), inner=(3, 5), eps=0.02)
def gradients(kata, draw, outer, inner, eps):
    """passes the right gradients to the input, the scale and the shift"""
    layer = draw.weights(kata.LayerNorm(inner, eps))
    x = draw.normal(*outer, *inner).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(B=3, d=6, eps=0.01)
@case(B=2, d=3, eps=0.5)
def constant(kata, draw, B, d, eps):
    """gives a constant vector the value of the bias, and a finite gradient"""
    layer = draw.weights(kata.LayerNorm((d,), eps))
    x = torch.ones(B, d).mul(0.25).requires_grad_()
    y = layer(x)
    draw.backward(y)
    return {"y": y, "both": torch.cat([x.grad, layer.bias.grad[None]])}


@case(B=2, T=3, d=40, dtype="float16", scale=600.0)
@case(B=3, T=2, d=50, dtype="bfloat16", scale=600.0)
def half(kata, draw, B, T, d, dtype, scale):
    """works in float32 on half precision and returns what came in"""
    layer = draw.weights(kata.LayerNorm((d,)), dtype=dtype)
    return layer(draw.normal(B, T, d, scale=scale, dtype=dtype))


@case(B=3, d=40, dtype="float16", low=-6e4, high=6e4, p=0.1)
@case(B=2, d=50, dtype="float16", low=2048.0, high=2050.0, p=0.5)
@case(B=3, d=64, dtype="bfloat16", low=256.0, high=258.0, p=0.5)
def two_numbers(kata, draw, B, d, dtype, low, high, p):
    """takes numbers whose mean, or distance from it, half precision cannot hold"""
    layer = draw.weights(kata.LayerNorm((d,)), dtype=dtype)
    some = draw.booleans(B, d, p=p) | (torch.arange(d) == 0)
    return layer(torch.where(some, high, low).to(getattr(torch, dtype)))


@case(B=3, d=20)
def far_from_zero(kata, draw, B, d):
    """is precise when the mean is a thousand times the deviation"""
    layer = draw.weights(kata.LayerNorm((d,)))
    with torch.no_grad():
        return layer(draw.uniform(B, d, low=2000.0, high=2004.0))


@case(outer=(2, 3), inner=(4, 5), eps=0.2)
def float64(kata, draw, outer, inner, eps):
    """keeps double precision, also of an input that is a view"""
    layer = draw.weights(kata.LayerNorm(inner, eps), dtype="float64")
    return layer(draw.normal(*inner[::-1], *outer, dtype="float64").permute(2, 3, 1, 0))


@case(B=2, T=3, d=8)
def devices(kata, draw, B, T, d):
    """stays on the device of its input"""
    return draw.meta.weights(kata.LayerNorm((d,)))(draw.meta.normal(B, T, d))
