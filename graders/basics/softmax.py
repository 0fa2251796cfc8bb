"""What softmax must do."""

import numpy as np

from dojo import Kata, case

kata = Kata(
    minutes=10,
    level="warmup",
    asked="Write a numerically stable softmax over any axis in NumPy.",
    asked_zh="用 NumPy 手写数值稳定、支持任意轴的 softmax。",
    hints=(
        "Which number could you subtract from every score without changing the result, and which "
        "choice makes overflow impossible?",
        "Maximum and sum are taken per slice. What shape must they have to line up with the "
        "scores again when the axis is not the last one?",
        "Convert integers, subtract each slice's maximum, exponentiate, divide by each slice's "
        "sum. Then look at a slice of −∞ only: where do its two NaN come from?",
    ),
    follow_ups={
        "Why does subtracting the maximum change nothing?": (
            "exp(x − c) = exp(x)·exp(−c), and the factor exp(−c) cancels between numerator and "
            "denominator. With c the maximum, the largest exponent is 0, so nothing overflows, "
            "and the sum is at least 1, so nothing is divided by zero."
        ),
        "What is the Jacobian?": (
            "∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ − yⱼ). A backward pass never forms it: with upstream gradient g, "
            "the result is y ⊙ (g − Σ g ⊙ y) along the axis."
        ),
        "Why not take the logarithm of the result?": (
            "Small weights underflow to zero and their logarithm is −∞. Compute x − max − "
            "log Σ exp(x − max) instead, which stays exact for unlikely classes."
        ),
        "How would you do it in one pass over a stream?": (
            "Keep a running maximum m and sum s. When a new score raises the maximum to m′, "
            "rescale s by exp(m − m′) before adding. This online softmax is what flash attention "
            "is built on."
        ),
        "What does a temperature do?": (
            "The scores are divided by T first. T → 0 tends to the argmax, T → ∞ to equal weights."
        ),
    },
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, §4.1 and §6.2.2.3",
    forbids=("torch.nn.functional.softmax", "torch.logsumexp"),
)


@case(shape=(3, 5), axis=-1)
@case(shape=(4, 3, 5), axis=1)
@case(shape=(4, 4), axis=1)
@case(shape=(2, 4, 3, 5), axis=-3)
@case(shape=(1, 1), axis=0)
def output(kata, draw, shape, axis):
    """matches the equation along the axis that is asked for"""
    return kata.softmax(draw.numpy.normal(*shape, scale=2.0), axis=axis)


@case(shape=(7,))
@case(shape=(5, 4, 2))
def last_axis(kata, draw, shape):
    """runs along the last axis unless told otherwise"""
    return kata.softmax(draw.numpy.normal(*shape))


@case(shape=(4, 6), axis=0, shift=1e5, scale=50.0)
@case(shape=(3, 5), axis=0, shift=0.0, scale=2e4)
@case(shape=(6, 4), axis=1, shift=-1e5, scale=50.0)
def extreme(kata, draw, shape, axis, shift, scale):
    """stays finite for scores in the hundred thousands, of either sign"""
    return kata.softmax(shift + draw.numpy.normal(*shape, scale=scale), axis=axis)


@case(shape=(5, 4, 3), axis=1)
def far_apart(kata, draw, shape, axis):
    """gives every slice its weights when slices lie thousands apart"""
    levels = 5000.0 * draw.numpy.permutation(shape[0] * shape[2]).reshape(shape[0], 1, shape[2])
    return kata.softmax(draw.numpy.normal(*shape) - levels, axis=axis)


@case(shape=(6, 5), axis=-1, shift=0.0)
@case(shape=(3, 4, 5), axis=0, shift=-1e12)
def minus_infinity(kata, draw, shape, axis, shift):
    """gives −∞ the weight zero, and zeros to a slice of nothing else, in a result of its own"""
    x = shift + draw.numpy.normal(*shape)
    hidden = draw.numpy.booleans(*shape, p=0.3)
    empty = np.arange(shape[1])[:, None] == 2 if axis == 0 else np.arange(shape[0])[:, None] == 1
    x = np.where(hidden | empty, -np.inf, x)
    return {"weights": kata.softmax(x, axis=axis), "x": x}


@case(dtype="int64")
@case(dtype="int8")
@case(dtype="uint8")
@case(dtype="uint64")
def integers(kata, draw, dtype):
    """takes integers of any width and gives float64"""
    x = draw.numpy.integers(4, 7, low=0, high=120)
    x = x if dtype[0] == "u" else 2 * x - 120
    return kata.softmax(x.astype(dtype) << 57 * (dtype == "uint64"), axis=0)


@case(shape=(5, 8), shift=0.0, scale=30.0)
@case(shape=(4, 7), shift=-1e6, scale=2.0)
def float32(kata, draw, shape, shift, scale):
    """keeps single precision, and loses none of it to a constant added to all scores"""
    x = shift + draw.numpy.normal(*shape, scale=scale, dtype="float32")
    return kata.softmax(x.astype("float32"), axis=0)


@case(shape=(6, 5), dtype="float64")
@case(shape=(5, 7), dtype="float32")
@case(shape=(8, 3), dtype="float16")
def largest(kata, draw, shape, dtype):
    """takes the largest and the smallest numbers of a dtype"""
    signs = draw.numpy.integers(*shape, low=-1, high=2)
    return kata.softmax((signs * np.finfo(dtype).max).astype(dtype))
