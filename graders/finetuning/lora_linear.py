"""What LoRALinear must do."""

import torch
from torch import nn

from dojo import Kata, case, samples

kata = Kata(
    minutes=20,
    level="core",
    asked="Wrap a linear layer with LoRA, with dropout, merge and unmerge, in PyTorch.",
    asked_zh="用 PyTorch 为线性层手写 LoRA，支持 dropout、merge 与 unmerge。",
    hints=(
        "Which tensors train, what shapes do they have, and what must their product be on the "
        "first step?",
        "Do not form the full matrix in the forward pass: send the input through the narrow "
        "factor first. What does each factor's gradient look like when the other one is zero?",
        "Two paths share the input. The frozen one sees it untouched; the other one drops, "
        "narrows, widens and scales. A flag tells whether the second path has moved into the "
        "weight; all three methods look at it, and the two that move it change the weight in "
        "place, behind autograd's back.",
    ),
    follow_ups={
        "Why is B zero and A random, and not both zero?": (
            "The product must be zero so that training starts from the trained layer. But the "
            "gradient of A is a product with B and the gradient of B a product with A: if both "
            "were zero, both gradients would be zero for ever. With one of them random, the zero "
            "one moves at the first step."
        ),
        "What does alpha do, and why divide by the rank?": (
            "alpha/rank fixes the size of the correction, so that a learning rate found for one "
            "rank roughly serves for another. With an adaptive optimiser alpha acts much like a "
            "learning rate. Dividing by √rank keeps the activations' scale at large ranks."
        ),
        "How much memory does it save in training, and where?": (
            "Gradients and optimiser states (two more copies with Adam) exist for "
            "rank·(in + out) numbers instead of in·out. The frozen weights and most activations "
            "are still there, since gradients must flow through the layers to earlier adapters."
        ),
        "When would you not merge?": (
            "To serve several adapters over one base model, or to go on training. Merging into a "
            "quantised or half-precision weight also rounds: small corrections are lost, and "
            "unmerging does not bring the old weight back bit by bit."
        ),
        "Where do you put adapters in a Transformer?": (
            "The paper adapted the attention projections, mostly query and value. Later practice "
            "adapts all linear layers, the feed-forward ones included, at a lower rank: spreading "
            "a given number of parameters widely does better than spending it on a few layers."
        ),
    },
    source="Hu et al. 2021, arXiv:2106.09685, §4.1, eq. 3",
)


def trains(layer):
    """Return, by name, which parameters require gradients."""
    return {name: parameter.requires_grad for name, parameter in layer.named_parameters()}


@case(n_in=6, n_out=4, rank=3, alpha=7.0, bias=True)
@case(n_in=5, n_out=7, rank=1, alpha=0.5, bias=False)
@case(n_in=3, n_out=2, rank=5, alpha=12.0, bias=True)
def output(kata, draw, n_in, n_out, rank, alpha, bias):
    """adds the scaled low-rank product to the base, for inputs with any leading axes"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out, bias=bias), rank, alpha))
    vector, view = draw.normal(n_in), draw.normal(n_in, 4, 2).transpose(0, 2)
    return [layer(vector), layer(draw.normal(1, 1, n_in)), layer(view)]


@case(N=4, n_in=6, n_out=5, rank=2, alpha=5.0)
@case(N=1, n_in=3, n_out=4, rank=2, alpha=7.0)
def gradients(kata, draw, N, n_in, n_out, rank, alpha):
    """passes the right gradients to the input and the two factors, and none to the base"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out), rank, alpha))
    x = draw.normal(N, n_in).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(n_in=256, n_out=12, rank=16, alpha=4.0)
def start(kata, draw, n_in, n_out, rank, alpha):
    """starts as the base, with B zero and A random around zero"""
    base = draw.weights(nn.Linear(n_in, n_out))
    one, two = (kata.LoRALinear(base, rank, alpha) for _ in range(2))
    A, same = one.lora_A.detach(), bool(torch.equal(one.lora_A, two.lora_A))
    centred = bool(A.mean().abs() < 0.1 * A.std())  # over six standard errors
    drawn = {"A is the same twice": same, "A has mean zero": centred, "A": tuple(A.shape)}
    return {"output": one(draw.normal(3, n_in)), "B": one.lora_B, "merged": one.merged, **drawn}


@case(n_in=4, n_out=3, rank=2, alpha=6.0, bias=True)
@case(n_in=5, n_out=4, rank=3, alpha=2.0, bias=False)
def state(kata, draw, n_in, n_out, rank, alpha, bias):
    """trains the two factors only, before and after a merge, and saves nothing else"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out, bias=bias), rank, alpha))
    found = {"at first": trains(layer)}
    layer.merge()
    found["merged"] = trains(layer)
    layer.unmerge()
    return {**found, "unmerged": trains(layer), "saved": sorted(layer.state_dict())}


@case(n_in=4, n_out=7, rank=2, alpha=5.0, bias=True)
@case(n_in=5, n_out=5, rank=3, alpha=7.0, bias=False)  # square: a transposed product fits
def merging(kata, draw, n_in, n_out, rank, alpha, bias):
    """computes the same merged as unmerged, however often it is asked to merge"""
    base = nn.Linear(n_in, n_out, bias=bias)
    layer, weight = draw.weights(kata.LoRALinear(base, rank, alpha)), base.weight
    x, found = draw.normal(3, n_in), []
    changes = [layer.unmerge, layer.merge, layer.merge, layer.unmerge, layer.unmerge]
    for change in (*changes, lambda: draw.weights(layer), layer.merge):
        change()
        kept = {"merged": layer.merged, "the same Parameter": base.weight is weight}
        found.append({"y": layer(x), "weight": base.weight.clone(), **kept})
    return found


@case(N=3, n_in=4, n_out=6, rank=2, alpha=5.0)
def merged_gradients(kata, draw, N, n_in, n_out, rank, alpha):
    """is a frozen linear layer while merged, without dropout"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out), rank, alpha, dropout=0.5))
    layer.merge()
    x = draw.normal(N, n_in).requires_grad_()
    y = layer.train()(x)
    draw.backward(y)
    return {"y": y, "x": x.grad, **draw.gradients(layer)}


@case(n_in=5, n_out=3, rank=2, alpha=5.0)
def float64(kata, draw, n_in, n_out, rank, alpha):
    """takes its precision from the base, merged or not"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out).double(), rank, alpha))
    x = draw.normal(4, n_in, dtype="float64")
    found = {"output": layer(x), "A": layer.lora_A, "B": layer.lora_B}
    layer.merge()
    return {**found, "merged": layer(x), "weight": layer.base.weight}


@case(n_in=4, n_out=6, rank=3, alpha=7.0)
def device(kata, draw, n_in, n_out, rank, alpha):
    """stays on the device of the base, and in its dtype"""
    x = draw.meta.normal(5, n_in, dtype="bfloat16")
    base = nn.Linear(n_in, n_out, device=x.device, dtype=x.dtype)
    layer = kata.LoRALinear(base, rank, alpha)
    return {"A": layer.lora_A, "B": layer.lora_B, "output": layer(x)}


@case(n_in=4, n_out=3, rank=2, alpha=5.0, dropout=0.4)
def evaluation(kata, draw, n_in, n_out, rank, alpha, dropout):
    """drops nothing in evaluation mode, also after training on the same input"""
    layer = draw.weights(kata.LoRALinear(nn.Linear(n_in, n_out), rank, alpha, dropout))
    x = draw.normal(5, n_in)
    layer.train()(x)
    return layer.eval()(x)


@case(n_in=4, n_out=3, rank=2, alpha=5.0, dropout=0.4)
@case(n_in=3, n_out=2, rank=4, alpha=9.0, dropout=0.25)
def training(kata, draw, n_in, n_out, rank, alpha, dropout):
    """drops elements of the adapter's input, each on its own, in training mode"""
    layer = kata.LoRALinear(nn.Linear(n_in, n_out), rank, alpha, dropout)
    x = draw.normal(n_in).expand(3000, n_in)
    return samples(draw.weights(layer).train()(x).detach())


@case(rank=0, raises=ValueError)
@case(rank=-2, raises=ValueError)
def no_rank(kata, draw, rank):
    """refuses a rank below one"""
    kata.LoRALinear(nn.Linear(4, 3), rank, alpha=1.0)
