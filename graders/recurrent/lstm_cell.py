"""What lstm_cell must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=20,
    level="core",
    asked="Write one step of an LSTM from given weights, in PyTorch's layout.",
    asked_zh="按 PyTorch 的权重布局，手写 LSTM 单步前向计算。",
    hints=(
        "How many linear maps of the input does one step need, and why is one matrix enough?",
        "Three of the four blocks are gates, between 0 and 1; one is new content, between −1 and "
        "1. Which is which in torch's order?",
        "Add the two products and both biases, cut the sum into four blocks, squash each in its "
        "own way. The new cell is what is kept plus what is let in; the new hidden state is what "
        "the cell lets out, squashed before the gate.",
    ),
    follow_ups={
        "Why does an LSTM suffer less from vanishing gradients than a plain RNN?": (
            "Along the direct path from c to c', the gradient is multiplied by the forget gate "
            "only, not by a weight matrix and a tanh derivative. A forget gate near one passes it "
            "almost unchanged over many steps. It can still explode through the path over h."
        ),
        "Why is the forget gate's bias often initialised to one?": (
            "At zero bias the gate starts half open and the memory halves at every step, so that "
            "early training sees no long-range gradient. A positive bias starts by remembering. "
            "It is set in the initial weights, not added in the step."
        ),
        "Why are there two bias vectors?": (
            "Mathematically one would do, since they are only ever added. Two follow cuDNN's "
            "layout, which has one for each matrix product; for the GRU's candidate the two differ."
        ),
        "How many parameters has a cell, and how does a GRU compare?": (
            "4·d_hidden·(d_in + d_hidden) weights and 8·d_hidden biases in torch's layout. A GRU "
            "has three blocks in place of four and no separate cell state."
        ),
        "How would you make a whole layer fast?": (
            "Compute the products with x for all steps in one matrix product before the loop; only "
            "the product with h has to wait for the step before. Fuse the pointwise operations."
        ),
    },
    source=(
        "Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate: Gers et al. "
        "2000, doi:10.1162/089976600300015015, §3; weight layout: torch.nn.LSTMCell"
    ),
)


def drawn(draw, d_in, d_hidden, dtype="float32"):
    """Return the two weights, neither of them contiguous, and the two biases."""
    wide = 4 * d_hidden
    weights = [draw.normal(d, wide, scale=0.7, dtype=dtype).T for d in (d_in, d_hidden)]
    return [*weights, draw.normal(wide, dtype=dtype), draw.normal(wide, dtype=dtype)]


@case(B=3, d_in=4, d_hidden=5)
@case(B=2, d_in=7, d_hidden=1)
@case(B=1, d_in=1, d_hidden=2)
def output(kata, draw, B, d_in, d_hidden):
    """gives the next state as the equations do, with the weights as they are at the time"""
    x, state = draw.normal(B, d_in), (draw.normal(B, d_hidden), draw.normal(B, d_hidden))
    weights = [weight.clone() for weight in drawn(draw, d_in, d_hidden)]
    with torch.no_grad():
        before = kata.lstm_cell(x, state, *weights)
        for weight in weights:  # as an optimiser does it
            weight.mul_(-0.7)
        return before, kata.lstm_cell(x, state, *weights)


@case(B=2, d_in=3, d_hidden=4)
def gradients(kata, draw, B, d_in, d_hidden):
    """passes the right gradients to every argument"""
    x, h, c = (draw.normal(B, d).requires_grad_() for d in (d_in, d_hidden, d_hidden))
    weights = [weight.requires_grad_() for weight in drawn(draw, d_in, d_hidden)]
    found = kata.lstm_cell(x, (h, c), *weights)
    draw.backward(*found)
    return {"x": x.grad, "h": h.grad, "c": c.grad, "weights": [w.grad for w in weights]}


@case(B=2, T=5, d_in=2, d_hidden=3)
@case(B=1, T=3, d_in=4, d_hidden=2)
def sequence(kata, draw, B, T, d_in, d_hidden):
    """carries state and gradients through several steps"""
    xs = draw.normal(B, T, d_in).requires_grad_()
    weights = [weight.requires_grad_() for weight in drawn(draw, d_in, d_hidden)]
    h, c = draw.normal(B, d_hidden), draw.normal(B, d_hidden)
    for x in xs.unbind(1):
        h, c = kata.lstm_cell(x, (h, c), *weights)
    draw.backward(h)
    return {"h": h, "c": c, "xs": xs.grad, "weights": [w.grad for w in weights]}


@case(B=4, d_in=5, d_hidden=6)
def float64(kata, draw, B, d_in, d_hidden):
    """keeps double precision"""
    x, h, c = (draw.normal(B, d, scale=9, dtype="float64") for d in (d_in, d_hidden, d_hidden))
    return kata.lstm_cell(x, (h, c), *drawn(draw, d_in, d_hidden, dtype="float64"))


@case(B=3, d_in=4, d_hidden=6)
def saturation(kata, draw, B, d_in, d_hidden):
    """keeps values and gradients finite when some gates' inputs are in the thousands"""
    x, h, c = (draw.normal(B, d, dtype="float64") for d in (d_in, d_hidden, d_hidden))
    x = (x * torch.tensor([[1.0], [5e3], [5e4]])).requires_grad_()  # the first row is tame
    weights = [w.requires_grad_() for w in drawn(draw, d_in, d_hidden, dtype="float64")]
    found = kata.lstm_cell(x, (h, c.requires_grad_()), *weights)
    draw.backward(*found)
    return {"state": found, "x": x.grad, "c": c.grad, "weights": [w.grad for w in weights]}


@case(B=3, d_in=5, d_hidden=2)
def all_zero(kata, draw, B, d_in, d_hidden):
    """passes the right gradients where every gate is half open, as at a first step from zero"""
    x, h = draw.zeros(B, d_in).requires_grad_(), draw.zeros(B, d_hidden).requires_grad_()
    c = (draw.normal(B, d_hidden) * torch.tensor([[0.0], [1.0], [1.0]])).requires_grad_()
    weights = [w.requires_grad_() for w in drawn(draw, d_in, d_hidden)]
    biases = [draw.zeros(4 * d_hidden).requires_grad_() for _ in range(2)]
    found = kata.lstm_cell(x, (h, c), *weights[:2], *biases)
    draw.backward(*found)
    grads = {"x": x.grad, "h": h.grad, "c": c.grad, "biases": [bias.grad for bias in biases]}
    return {"state": found, **grads}


@case(B=2, d_in=6, d_hidden=3)
def device(kata, draw, B, d_in, d_hidden):
    """stays on the device of its arguments, and in their dtype"""
    x, h, c = (draw.meta.normal(B, d, dtype="bfloat16") for d in (d_in, d_hidden, d_hidden))
    return kata.lstm_cell(x, (h, c), *drawn(draw.meta, d_in, d_hidden, dtype="bfloat16"))
