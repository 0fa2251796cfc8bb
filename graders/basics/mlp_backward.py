"""What mlp_backward must do."""

from dojo import Kata, case

kata = Kata(
    minutes=25,
    level="core",
    asked="Write the backward pass of a two-layer ReLU classifier in NumPy, without autograd.",
    asked_zh="不用自动求导，用 NumPy 手写两层 ReLU 分类网络的反向传播。",
    hints=(
        "Go backwards one line of the equations at a time, and write down the gradient of each "
        "intermediate with its shape. Softmax and cross-entropy are best taken as one step.",
        "The gradient of the logits has a very short form: something minus something, over N. "
        "Everything below follows from it by the rules of an affine layer.",
        "From the logits to W₂ and b₂, and through W₂ to h; through the ReLU by the sign of its "
        "input; then W₁ and b₁. Averaging happens exactly once.",
    ),
    follow_ups={
        "Derive the gradient of the logits.": (
            "loss = log Σⱼ exp(xⱼ) − x_t for one row. The derivative of the first term in xᵢ is "
            "softmax(x)ᵢ, that of the second is 1 for i = t. So it is softmax(x) − onehot(t), and "
            "the mean over rows brings 1/N."
        ),
        "What is kept from the forward pass, and what could be left out?": (
            "x, h and the probabilities. z is not needed if h is there, since h > 0 exactly where "
            "z > 0. The mask alone takes one bit per unit."
        ),
        "Why is squared error a worse loss here?": (
            "Its gradient carries the softmax's slope as a factor, which vanishes when the "
            "network is confidently wrong. With cross-entropy that factor cancels, and the error "
            "itself is left."
        ),
        "What is a dead unit, and what helps?": (
            "One whose z is negative for every row: it gets no gradient and never comes back. "
            "Smaller rates, suitable initial weights, normalisation, or a leaky ReLU or GELU "
            "help."
        ),
        "What happens if all weights start at zero?": (
            "h is zero and so is every gradient but that of b₂. With equal weights other than "
            "zero, all hidden units get equal gradients and stay copies of each other. Random "
            "weights break this symmetry."
        ),
    },
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, §6.5, algorithms 6.3 and 6.4",
    needs=("basics/softmax", "basics/linear_backward"),
    only=("numpy",),
)


def network(draw, d_in, d_hidden, K, scale=1.0):
    """Draw both layers."""
    w1, b1 = draw.numpy.normal(d_hidden, d_in, scale=scale), draw.numpy.normal(d_hidden)
    return w1, b1, draw.numpy.normal(K, d_hidden), draw.numpy.normal(K)


@case(N=5, d_in=3, d_hidden=7, K=4)
@case(N=8, d_in=6, d_hidden=1, K=3)
@case(N=6, d_in=4, d_hidden=4, K=4)
@case(N=1, d_in=2, d_hidden=6, K=5)
def gradients(kata, draw, N, d_in, d_hidden, K):
    """returns the loss and all four gradients"""
    x, target = draw.numpy.normal(N, d_in), draw.numpy.integers(N, high=K)
    return kata.mlp_backward(x, target, *network(draw, d_in, d_hidden, K))


@case(N=7, d_in=5, d_hidden=6, K=3)
def repeated_targets(kata, draw, N, d_in, d_hidden, K):
    """counts every row when all have the same target; the next call leaves the result alone"""
    x, layers = draw.numpy.normal(N, d_in), network(draw, d_in, d_hidden, K)
    targets = [draw.numpy.integers(N, low=low, high=K) for low in (K - 1, 0)]
    return [kata.mlp_backward(x, target, *layers) for target in targets]


@case(N=6, d_in=3, d_hidden=8, K=5, scale=2e3)
def huge_logits(kata, draw, N, d_in, d_hidden, K, scale):
    """stays finite when the logits are in the thousands"""
    x, target = draw.numpy.normal(N, d_in), draw.numpy.integers(N, high=K)
    return kata.mlp_backward(x, target, *network(draw, d_in, d_hidden, K, scale))


@case(N=4, d_in=5, d_hidden=6, K=3)
def units_at_zero(kata, draw, N, d_in, d_hidden, K):
    """passes nothing on through a unit whose input is exactly zero"""
    w1, b1, w2, b2 = network(draw, d_in, d_hidden, K)
    b1 = b1 * (draw.numpy.permutation(d_hidden) > 2)
    x = draw.numpy.normal(N, d_in) * (draw.numpy.permutation(N) > 1)[:, None]
    return kata.mlp_backward(x, draw.numpy.integers(N, high=K), w1, b1, w2, b2)


@case(N=9, d_in=4, d_hidden=5, K=6)
def dead(kata, draw, N, d_in, d_hidden, K):
    """gives zero gradients to hidden units that are always off"""
    w1, b1, w2, b2 = network(draw, d_in, d_hidden, K)
    x, target = draw.numpy.normal(N, d_in), draw.numpy.integers(N, high=K)
    return kata.mlp_backward(x, target, w1, b1 - 50.0 * (b1 < b1.mean()), w2, b2)
