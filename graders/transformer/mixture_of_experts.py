"""What MixtureOfExperts must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=40,
    level="hard",
    asked="Write a sparse mixture-of-experts layer in PyTorch: top-k routing, capacity, load-balancing loss.",
    asked_zh="用 PyTorch 手写稀疏混合专家层（MoE）：top-k 路由、专家容量与负载均衡损失。",
    hints=(
        "Forget about batches: N tokens, a table of N rows and top_k columns that says who goes where. What has to be "
        "read from that table for one expert?",
        "A loop over experts is fine. For each, find the tokens that chose it and with which rank, run the expert on "
        "these rows only, weigh, and add the results back where they came from. In which order do you list them?",
        "Softmax over all experts, take the top_k, perhaps renormalise. For each expert list (rank, token) by rank "
        "first, cut off at the capacity, gather, run, weigh, scatter by adding. The loss needs only the table and the "
        "probabilities.",
    ),
    follow_ups={
        "Why is there a load-balancing loss at all?": (
            "A router that prefers an expert trains it more, which makes it better and preferred still more, until few "
            "experts do all the work. The others waste memory, and devices that hold them wait."
        ),
        "The counts have no gradient: how can the loss work?": (
            "It is a product of counts and mean probabilities. Its gradient lowers the probability of an expert in "
            "proportion to its count, so overloaded experts become less probable."
        ),
        "When does it matter whether gates are renormalised?": (
            "With top_k = 1 a renormalised gate is always 1, and the router gets no gradient from the task: Switch uses the "
            "raw probability. With more choices it keeps the output's scale; Mixtral's softmax over the chosen logits is the same."
        ),
        "Why would anyone drop tokens?": (
            "Fixed capacities give tensors of fixed shape, which compilers and all-to-all exchange between devices need, and bound "
            "the slowest expert. The residual connection carries a dropped token. The capacity is usually 1 to 2 times the even load; "
            "block-sparse kernels avoid dropping."
        ),
        "What does it cost, next to a dense network?": (
            "Operations grow with top_k and not with n_experts, parameters with n_experts. Memory and communication are the "
            "price, and in a batch of one token almost all weights lie idle."
        ),
    },
    source="Shazeer et al. 2017, arXiv:1701.06538, §2; loss and capacity: Fedus et al. 2021, arXiv:2101.03961, §2.2, eq. 4–6; "
    "order of dropping: Lepikhin et al. 2020, arXiv:2006.16668, §2.2",
    needs=("transformer/feed_forward", "basics/softmax"),
)


def gradients_of(draw, layer):
    """Return every parameter's gradient, zeros for an expert that nobody came to."""
    found = draw.gradients(layer)
    if any(gradient is not None for gradient in found.values()):
        shapes = {name: parameter.detach() for name, parameter in layer.named_parameters()}
        found = {n: torch.zeros_like(shapes[n]) if g is None else g for n, g in found.items()}
    return found


@case(outer=(2, 5), d_model=6, d_ff=9, E=4, k=2, renormalize=True)
@case(outer=(3, 4), d_model=5, d_ff=7, E=6, k=3, renormalize=False)
@case(outer=(2, 3, 2), d_model=4, d_ff=5, E=5, k=1, renormalize=False)
@case(outer=(7,), d_model=4, d_ff=3, E=3, k=3, renormalize=True)
@case(outer=(1, 1), d_model=3, d_ff=4, E=2, k=1, renormalize=True)
@case(outer=(), d_model=3, d_ff=5, E=4, k=2, renormalize=False)
def output(kata, draw, outer, d_model, d_ff, E, k, renormalize):
    """mixes the most probable experts' outputs, each by its gate, for any leading axes"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, renormalize=renormalize))
    y, balance = layer(draw.normal(*outer, d_model, scale=2.0))
    return {"y": y, "balance": balance}


@case(B=3, T=4, d_model=6, d_ff=5, E=4, k=2)
def defaults(kata, draw, B, T, d_model, d_ff, E, k):
    """renormalises and drops nothing unless told otherwise, in training and in evaluation"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k))
    x = draw.normal(d_model, T, B).permute(2, 1, 0)  # a view
    return {"train": layer.train()(x), "eval": layer.eval()(x), "saved": sorted(layer.state_dict())}


@case(B=3, T=5, d_model=6, d_ff=4, E=3, k=2, capacity=6, renormalize=True)
@case(B=2, T=8, d_model=5, d_ff=6, E=5, k=3, capacity=4, renormalize=False)
@case(B=1, T=7, d_model=4, d_ff=3, E=2, k=1, capacity=1, renormalize=False)
@case(B=1, T=3, d_model=4, d_ff=5, E=4, k=2, capacity=9, renormalize=True)
@case(B=1, T=4, d_model=3, d_ff=2, E=3, k=2, capacity=0, renormalize=True)
def capacity(kata, draw, B, T, d_model, d_ff, E, k, capacity, renormalize):
    """lets a full expert drop by rank of choice first, then by place, and counts what is dropped"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, renormalize, capacity))
    x = draw.normal(B, T, d_model, scale=2.0).requires_grad_()
    y, balance = layer(x)
    draw.backward(y, balance)
    return {"y": y, "balance": balance, "x": x.grad, **gradients_of(draw, layer)}


@case(d_model=6, d_ff=4, E=4, capacity=2)
def second_choices(kata, draw, d_model, d_ff, E, capacity):
    """sends a token that its first choice drops to its second"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, 2, capacity=capacity))
    with torch.no_grad():
        layer.router.weight.copy_(torch.eye(E, d_model))  # logits are the first features
    first = torch.tensor([0] * E + [E - 1])  # the last token finds room, whoever came before it
    second = torch.arange(1, E + 2) % E
    logits = torch.arange(E) * 0.1 + 3.0 * torch.eye(E)[first] + torch.eye(E)[second]
    return layer(torch.cat([logits, draw.normal(E + 1, d_model - E)], dim=1))


@case(B=2, T=4, d_model=5, d_ff=7, E=4, k=2, renormalize=True)
@case(B=2, T=3, d_model=6, d_ff=4, E=5, k=2, renormalize=False)
@case(B=3, T=2, d_model=4, d_ff=6, E=3, k=1, renormalize=False)
def gradients(kata, draw, B, T, d_model, d_ff, E, k, renormalize):
    """passes the right gradients to tokens, router and experts"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, renormalize))
    x = draw.normal(B, T, d_model).requires_grad_()
    y, _ = layer(x)
    draw.backward(y)
    return {"x": x.grad, **gradients_of(draw, layer)}


@case(B=2, T=5, d_model=6, d_ff=4, E=3, k=2)  # 20 choices of 3: never even
def balance_gradients(kata, draw, B, T, d_model, d_ff, E, k):
    """teaches the router through the mean probabilities, and the experts not at all"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x)[1])
    return {"x": x.grad, **gradients_of(draw, layer)}


@case(B=2, T=6, d_model=5, d_ff=8, E=4, k=2, scale=1.0)
@case(B=2, T=3, d_model=6, d_ff=4, E=3, k=1, scale=300.0)
def float64(kata, draw, B, T, d_model, d_ff, E, k, scale):
    """keeps double precision, and stays finite when logits are in the hundreds"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, False), dtype="float64")
    return layer(draw.normal(B, T, d_model, scale=scale, dtype="float64"))


@case(N=9, d_model=7, d_ff=5, E=5, k=2, renormalize=True, capacity=7)
@case(N=700, d_model=4, d_ff=3, E=2, k=1, renormalize=False, capacity=280)
def half(kata, draw, N, d_model, d_ff, E, k, renormalize, capacity):
    """works out probabilities and balance in float32 for half precision, and counts beyond its digits"""
    layer = kata.MixtureOfExperts(d_model, d_ff, E, k, renormalize, capacity)
    draw.weights(layer, dtype="bfloat16")
    with torch.no_grad():
        layer.router.weight.copy_(torch.eye(E, d_model))  # logits are the first features, exactly
    x = draw.normal(N, d_model, dtype="bfloat16")
    order = torch.stack([draw.permutation(E) for _ in range(N)])
    x = torch.cat([order * 0.375 + 0.0, x[:, E:]], dim=1).to(x.dtype)  # far enough apart to be sure
    y, balance = layer(x)
    return {"y": y, "balance": balance}


@case(B=3, T=16, d_model=8, d_ff=96, E=16, k=2, capacity=48, budget={"flops": 5})
@case(B=2, T=40, d_model=8, d_ff=96, E=4, k=2, capacity=2, budget={"flops": 5})
def cost(kata, draw, B, T, d_model, d_ff, E, k, capacity):
    """runs each expert on the tokens that it accepts"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, capacity=capacity))
    x = draw.normal(B, T, d_model)
    with draw.measured():
        return layer(x)


@case(B=2, T=3, d_model=5, d_ff=4, E=3, k=2, capacity=3)
def device(kata, draw, B, T, d_model, d_ff, E, k, capacity):
    """makes its tensors on the device of the input, wherever they would be made by default"""
    layer = draw.weights(kata.MixtureOfExperts(d_model, d_ff, E, k, capacity=capacity)).eval()
    x = draw.normal(B, T, d_model)
    with torch.device("meta"):  # routing needs values, so that the input cannot be without
        return layer(x)


@case(E=3, k=4, raises=ValueError)
@case(E=3, k=0, raises=ValueError)
def too_many_choices(kata, draw, E, k):
    """refuses to choose no expert, or more than there are"""
    kata.MixtureOfExperts(4, 6, E, k)
