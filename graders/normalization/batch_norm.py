"""What BatchNorm must do."""

import contextlib

import torch

from dojo import Kata, case

kata = Kata(
    minutes=25,
    level="core",
    asked="Write batch normalization with running statistics, for vectors and images, in PyTorch.",
    asked_zh="用 PyTorch 手写 BatchNorm，支持一维和二维输入、训练与推理模式及滑动统计量。",
    hints=(
        "For a batch of images, how many numbers share one mean? How many means are there?",
        "Two variances are needed, with different divisors. Which one describes this batch, and "
        "which one estimates what other batches will look like?",
        "In training: reduce over all axes but the channel, move the buffers without recording, "
        "go on with the batch's own statistics. In evaluation: take the buffers. Then both go the "
        "same way, with everything of shape (C,) made to broadcast along axis 1.",
    ),
    follow_ups={
        "Why does evaluation not use the batch?": (
            "The prediction for an example would depend on what else is in the batch, and a batch "
            "of one could not be served. Fixed statistics also fold into the convolution before."
        ),
        "What goes wrong with small batches?": (
            "Mean and variance are noisy, and differ from the running ones, so training and "
            "evaluation disagree. Use group or layer norm, or synchronise the statistics over "
            "devices."
        ),
        "Does the layer before need a bias?": (
            "No. The mean takes any constant per channel out again, so its gradient is zero; the "
            "shift here does the bias's work."
        ),
        "How does it interact with gradient accumulation?": (
            "Statistics come from each micro-batch, so it is not the same as one large batch, and "
            "the running ones are updated once per micro-batch."
        ),
        "Where does the gradient to x come from?": (
            "Three paths: x itself, the mean and the variance. Together they project out the "
            "batch's constant and its normalised direction: dx = weight/√(var + eps) · (dy − "
            "mean(dy) − x̂ · mean(dy · x̂)), with x̂ the normalised input."
        ),
    },
    source="Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2",
    forbids=("torch.nn.functional.batch_norm",),
)


def seasoned(draw, layer, dtype="float32"):
    """Give a layer drawn parameters and running statistics."""
    draw.weights(layer, dtype=dtype)
    with torch.no_grad():
        layer.running_mean.copy_(draw.normal(*layer.running_mean.shape, dtype=dtype))
        layer.running_var.copy_(
            draw.uniform(*layer.running_var.shape, low=0.5, high=2, dtype=dtype)
        )
    return layer


def running(layer):
    """Return copies of the running statistics."""
    return layer.running_mean.clone(), layer.running_var.clone()


@case(shape=(5, 3), eps=0.1, momentum=0.3)
@case(shape=(2, 4, 7), eps=1e-5, momentum=0.9)
@case(shape=(1, 2, 3, 5), eps=0.02, momentum=0.0)
def training(kata, draw, shape, eps, momentum):
    """normalises with the batch and moves the running statistics, batch after batch"""
    layer, found = seasoned(draw, kata.BatchNorm(shape[1], eps, momentum)), []
    for scale in (1.0, 3.0):
        found += [layer(draw.normal(*shape, scale=scale) + 0.7), *running(layer)]
    return found


@case(shape=(4, 3), eps=0.1)
@case(shape=(3, 2, 4, 5), eps=0.3)
@case(shape=(1, 6), eps=1e-5)
def evaluation(kata, draw, shape, eps):
    """normalises with the running statistics in evaluation mode, and leaves them alone"""
    layer = seasoned(draw, kata.BatchNorm(shape[1], eps)).eval()
    x = draw.normal(*shape).requires_grad_()
    y = layer(x)
    draw.backward(y)
    return {"y": y, "x": x.grad, **draw.gradients(layer), "running": running(layer)}


@case(shape=(6, 3), eps=0.1)
@case(shape=(2, 5, 3, 4), eps=0.01)
def gradients(kata, draw, shape, eps):
    """passes gradients through the statistics of the batch"""
    layer = seasoned(draw, kata.BatchNorm(shape[1], eps))
    x = draw.normal(*shape).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(B=3, C=2)
def attached(kata, draw, B, C):
    """moves the running statistics with gradients on or off, and keeps no graph in them"""
    layer = seasoned(draw, kata.BatchNorm(C))
    layer(draw.normal(B, C).requires_grad_())
    kept = layer.running_mean.requires_grad, layer.running_var.requires_grad
    with torch.no_grad():
        layer(draw.normal(B, C))
    return kept, [value.detach() for value in running(layer)]


@case(B=4, C=3)
def new(kata, draw, B, C):
    """starts with the usual numbers and saves four tensors, two of them to be trained"""
    layer = kata.BatchNorm(C)
    trained = sorted(name for name, _ in layer.named_parameters())
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    y = layer(draw.normal(B, C, scale=0.01))
    return {"trained": trained, **state, "y": y, "running": running(layer)}


@case(B=4, C=3)
def constant(kata, draw, B, C):
    """turns a constant channel into its shift"""
    layer = seasoned(draw, kata.BatchNorm(C, eps=0.1))
    x = draw.normal(B, C) * torch.tensor([1.0, 0.0, 2.0])
    return layer(x + torch.tensor([0.0, 2.0, 0.0]))


@case(shape=(5, 2, 4))
def far_from_zero(kata, draw, shape):
    """is precise when the mean is a thousand times the deviation"""
    layer = seasoned(draw, kata.BatchNorm(shape[1]))
    return [layer(draw.uniform(*shape, low=2000.0, high=2004.0)), *running(layer)]


@case(shape=(3, 2, 2, 5, 4))
def float64(kata, draw, shape):
    """keeps double precision, also of an input that is a view with five axes"""
    layer = seasoned(draw, kata.BatchNorm(shape[1], momentum=0.6), "float64")
    y = layer(draw.normal(*shape[::-1], dtype="float64").permute(4, 3, 2, 1, 0))
    return [y, *running(layer)]


@case(shape=(3, 2, 4, 5))
def devices(kata, draw, shape):
    """stays on the device of its input"""
    layer = draw.meta.weights(kata.BatchNorm(shape[1]))
    return [layer(draw.meta.normal(*shape)), layer.eval()(draw.meta.normal(*shape))]


@case(shape=(1, 4), raises=ValueError)
def one_value(kata, draw, shape):
    """refuses one value per channel in training mode"""
    kata.BatchNorm(shape[1])(draw.normal(*shape))


@case(shape=(1, 3, 1, 1))
def refused(kata, draw, shape):
    """moves nothing when it refuses"""
    layer = seasoned(draw, kata.BatchNorm(shape[1]))
    with contextlib.suppress(ValueError):
        layer(draw.normal(*shape))
    return running(layer)
