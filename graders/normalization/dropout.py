"""What Dropout must do."""

import itertools

import torch

from dojo import Kata, case, samples

kata = Kata(
    minutes=15,
    level="warmup",
    asked="Write inverted dropout as a PyTorch module, without nn.Dropout.",
    asked_zh="不用 nn.Dropout，用 PyTorch 手写 inverted dropout 模块。",
    hints=(
        "What is the expected value of an element that is zero with probability p, and what must "
        "the survivors be multiplied by to restore it?",
        "Uniform numbers compared with p give a mask. What shape must they have, on which "
        "device, and from which generator?",
        "Evaluation returns at once. Otherwise draw a mask of the full shape, multiply, divide by "
        "the probability of staying; and ask what becomes of that division when p is one.",
    ),
    follow_ups={
        "Why scale in training and not at inference?": (
            "The expectation is the same either way. Inverted dropout leaves inference untouched, "
            "so the deployed code needs to know nothing of p, and p may change during training."
        ),
        "Does dropout keep the variance?": (
            "No: of an element with mean μ and variance σ² it makes (σ² + μ²)/(1 − p) − μ². That "
            "shift between training and evaluation is why dropout in front of batch norm often "
            "hurts."
        ),
        "Where does a Transformer drop?": (
            "On the sum of embeddings, on attention weights, and on each sublayer's output before "
            "it is added to the residual stream. Large models trained for one epoch mostly use "
            "none."
        ),
        "How do you save memory for the backward pass?": (
            "Keep the mask as one bit or byte per element, or only the seed and offset of a "
            "counter-based generator, and draw the mask again in the backward pass."
        ),
        "What is Monte Carlo dropout?": (
            "Leaving dropout on at inference and averaging several passes. Their spread serves as "
            "an estimate of the model's uncertainty (Gal and Ghahramani 2016)."
        ),
    },
    source="Srivastava et al. 2014, JMLR 15, §4; scaled in training as in torch.nn.Dropout",
    forbids=("torch.nn.Dropout",),
)


@case(shape=(2, 1, 1, 3), p=0.3)
def training(kata, draw, shape, p):
    """drops every element on its own, and anew with every call"""
    layer, x = kata.Dropout(p, draw.generator()), draw.uniform(*shape, low=1.0, high=2.0)
    return samples(layer(x) for _ in range(400))


@case(shape=(4, 2, 3, 2), p=0.4)
@case(shape=(4, 3, 4), p=0.3)
def masks(kata, draw, shape, p):
    """repeats its mask along no axis and in no half of the batch"""
    layer, x = kata.Dropout(p, draw.generator()), draw.uniform(*shape, low=1.0, high=2.0)

    def alike(kept):
        turned = [kept.roll(1, axis) for axis in range(kept.dim())] + [kept.roll(2, 0)]
        return torch.stack([(kept == other).float().mean() for other in turned])

    return samples(alike(layer(x) != 0) for _ in range(100))


@case(n=8000, p=0.0015, dtype="bfloat16")
@case(n=8000, p=0.999, dtype="bfloat16")
def rare(kata, draw, n, p, dtype):
    """drops with probability p, however coarse the dtype"""
    layer, x = kata.Dropout(p, draw.generator()), draw.uniform(n, low=1.0, dtype=dtype)
    return samples((layer(x) == 0).sum() for _ in range(150))


@case(n=3, p=0.4)
@case(n=2, p=0.75)
def gradients(kata, draw, n, p):
    """passes a gradient to what was kept, scaled alike, and none to what was dropped"""
    x = draw.uniform(4000, n, low=1.0, high=2.0).requires_grad_()
    y = kata.Dropout(p, draw.generator())(x)
    y.sum().backward()
    return samples(torch.cat([y / x, x.grad], dim=1).detach())


@case(shape=(3, 50), p=0.35)
@case(shape=(), p=0.9)
def kept(kata, draw, shape, p):
    """scales what stays by 1 / (1 − p), in double precision, also in a view or without axes"""
    x = draw.normal(*shape, dtype="float64").mT if shape else draw.normal(dtype="float64")
    y = kata.Dropout(p, draw.generator())(x)
    return torch.where(y == 0, x, y * (1 - p))


@case(p=0.0, dtype="bfloat16")
@case(p=1.0, dtype="float64")
def limits(kata, draw, p, dtype):
    """drops nothing with p = 0 and everything with p = 1, without NaN"""
    x = draw.normal(3, 5, dtype=dtype).requires_grad_()
    y = kata.Dropout(p)(x)
    draw.backward(y)
    return {"y": y, "x": torch.zeros_like(x) if x.grad is None else x.grad}


@case(p=0.6)
@case(p=1.0)
def evaluation(kata, draw, p):
    """leaves everything as it is in evaluation mode, and drops again in training mode"""
    layer, x = kata.Dropout(p), draw.uniform(5, 40, low=1.0).requires_grad_()
    y = layer.eval()(x)
    draw.backward(y)
    return {
        "y": y,
        "x": x.grad,
        "some drop": bool((layer.train()(x) == 0).any()),
        "saved": [*layer.state_dict()],
    }


@case(p=0.5)
def generator(kata, draw, p):
    """draws from the given generator only, and in training only"""
    given, x = torch.Generator().manual_seed(5), draw.uniform(200, low=1.0)
    layer, states = kata.Dropout(p, given), [torch.get_rng_state(), given.get_state()]
    layer.eval()(x)
    unused = torch.equal(states[1], given.get_state())
    y = layer.train()(x)
    used = not torch.equal(states[1], given.get_state())
    again = kata.Dropout(p, torch.Generator().manual_seed(5))(x)
    left = torch.equal(states[0], torch.get_rng_state())
    return {
        "unused in evaluation": unused,
        "used in training": used,
        "repeats": torch.equal(y, again),
        "global one left alone": left,
    }


@case(n=200)
def global_generator(kata, draw, n):
    """follows torch's global generator if there is no other"""
    x, drawn = draw.uniform(n, low=1.0), []
    for seed in (7, 7, 8, None):
        if seed is not None:
            torch.manual_seed(seed)
        drawn.append(kata.Dropout()(x))
    return [torch.equal(one, other) for one, other in itertools.pairwise(drawn)]


@case(p=0.3)
@case(p=0.0)
def devices(kata, draw, p):
    """stays on the device of its input"""
    layer, x = kata.Dropout(p), draw.meta.normal(2, 3, dtype="float16")
    return layer(x), layer.eval()(x)


@case(n=400)
def standard(kata, draw, n):
    """drops half unless told otherwise"""
    x = draw.uniform(n, low=1.0, high=2.0)
    return (kata.Dropout()(x) / x).unique()


@case(p=-0.1, raises=ValueError)
@case(p=1.5, raises=ValueError)
def improbable(kata, draw, p):
    """refuses what is not a probability"""
    kata.Dropout(p)
