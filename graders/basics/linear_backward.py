"""What linear_forward and linear_backward must do."""

import numpy as np

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="Write the forward and backward pass of a linear layer in NumPy.",
    asked_zh="用 NumPy 手写线性层的前向和反向传播。",
    hints=(
        "Write down the shape of each gradient first: it is the shape of the thing itself. Which "
        "product of the shapes at hand gives it?",
        "Flatten all leading axes into one. Nothing about the layer changes, and you are left "
        "with the case of a matrix.",
        "For one vector the weight's gradient is an outer product. For many, sum the outer "
        "products: that sum is one matrix product. The bias behaves like a weight whose input is "
        "always one.",
    ),
    follow_ups={
        "Derive the weight's gradient with indices.": (
            "yₙₒ = Σᵢ xₙᵢ Wₒᵢ + bₒ, so ∂L/∂Wₒᵢ = Σₙ gₙₒ xₙᵢ. That is gᵀx, with the sum over all n "
            "because every vector uses the same W."
        ),
        "What has to be kept from the forward pass?": (
            "Only x, and the weight, which is there anyway. y is not needed. This is why "
            "activation memory grows with the batch, and what checkpointing saves by computing x "
            "again."
        ),
        "What do the passes cost?": (
            "With N vectors, forward takes 2·N·d_in·d_out operations and backward twice that: one "
            "such product for x and one for W."
        ),
        "How would you check your gradients?": (
            "Central differences of Σ g ⊙ y in each input, in float64, with a relative error; or "
            "autograd on the same numbers. A random cotangent g finds more than a vector of ones."
        ),
        "When is ∂L/∂x not needed?": (
            "In the first layer, whose input is data, unless it is itself produced by trained "
            "parameters. Frameworks skip that product when the input needs no gradient."
        ),
    },
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, §6.5",
    only=("numpy",),
)


@case(lead=(6,), d_in=3, d_out=4)
@case(lead=(2, 5), d_in=4, d_out=4)
@case(lead=(), d_in=5, d_out=2)
def forward(kata, draw, lead, d_in, d_out):
    """matches the equation for any leading axes"""
    x, weight = draw.numpy.normal(*lead, d_in), draw.numpy.normal(d_out, d_in)
    return kata.linear_forward(x, weight, draw.numpy.normal(d_out))


@case(lead=(6,), d_in=3, d_out=1)
@case(lead=(7,), d_in=5, d_out=5)
@case(lead=(2, 4), d_in=5, d_out=3)
@case(lead=(2, 1, 3, 2), d_in=1, d_out=5)
@case(lead=(1, 1), d_in=3, d_out=2)
@case(lead=(), d_in=4, d_out=3)
def backward(kata, draw, lead, d_in, d_out):
    """gives each input its gradient, for any leading axes"""
    grad_y, x = draw.numpy.normal(*lead, d_out), draw.numpy.normal(*lead, d_in)
    grads = kata.linear_backward(grad_y, x, draw.numpy.normal(d_out, d_in))
    return dict(zip(("x", "weight", "bias"), grads, strict=True))


@case(B=2, T=5, d_in=4, d_out=3)
def views(kata, draw, B, T, d_in, d_out):
    """takes arrays that are transposed or broadcast; the next call leaves earlier results alone"""
    grad_y = np.broadcast_to(draw.numpy.normal(T, d_out), (B, T, d_out))  # one row of memory
    x, weight = draw.numpy.normal(d_in, T, B).T, draw.numpy.normal(d_in, d_out).T
    calls = [kata.linear_backward(g, x, weight) for g in (grad_y, draw.numpy.normal(B, T, d_out))]
    return [dict(zip(("x", "weight", "bias"), grads, strict=True)) for grads in calls]


@case(lead=(3, 4), d_in=5, d_out=2)
def float32(kata, draw, lead, d_in, d_out):
    """keeps single precision"""
    sizes = {"x": (*lead, d_in), "weight": (d_out, d_in), "bias": (d_out,), "y": (*lead, d_out)}
    x, weight, bias, y = (draw.numpy.normal(*s, dtype="float32") for s in sizes.values())
    return [kata.linear_forward(x, weight, bias), *kata.linear_backward(y, x, weight)]
