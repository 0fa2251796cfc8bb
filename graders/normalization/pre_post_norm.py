"""What Residual and ResidualStack must do."""

import torch
from torch import nn

from dojo import Kata, case, samples

kata = Kata(
    minutes=15,
    level="core",
    asked="Write a residual wrapper with pre-norm and post-norm, and a stack of them.",
    asked_zh="手写同时支持 pre-norm 与 post-norm 的残差包装层，并把多层堆叠起来。",
    hints=(
        "Follow the line from input to output that passes no sublayer. What lies on it in each "
        "of the two orders?",
        "Dropout belongs to the branch. And what has been normalised when a tensor leaves the "
        "last pre-norm block?",
        "Two one-line formulas, chosen by a flag. The stack holds one block per sublayer where "
        "torch can find them, and ends with a norm in one of the two orders.",
    ),
    follow_ups={
        "Why is pre-norm easier to train?": (
            "The identity path from input to output passes no norm, so gradients reach the first "
            "layers unchanged. With post-norm, gradients near the output are large at "
            "initialisation, so a deep model needs learning-rate warm-up."
        ),
        "What speaks for post-norm?": (
            "Where it trains, it often ends slightly better. In pre-norm the stream's variance "
            "grows with depth, so late layers change it less and less and contribute little."
        ),
        "Why a final norm?": (
            "The pre-norm stream is a sum of all sublayers and has any scale; the output head "
            "expects a normalised input, as every sublayer gets one."
        ),
        "Which models use which?": (
            "Post-norm: the original Transformer, BERT. Pre-norm: GPT-2 and later, LLaMA (with "
            "RMSNorm), T5, ViT. Some normalise before and after the sublayer inside the branch "
            "(Gemma 2), or scale the residual (DeepNet)."
        ),
    },
    source="Xiong et al. 2020, arXiv:2002.04745, table 1; post-norm: Vaswani et al. 2017, §5.4",
    forbids=("torch.nn.TransformerEncoderLayer",),
    allows=("torch.nn.LayerNorm",),
)


def stack_of(kata, draw, n, d, pre_norm, *dropout):
    """Return a stack of n linear sublayers with drawn weights."""
    return draw.weights(
        kata.ResidualStack([nn.Linear(d, d) for _ in range(n)], d, pre_norm, *dropout)
    )


@case(outer=(2, 5), d=6, pre_norm=True)
@case(outer=(2, 5), d=6, pre_norm=False)
@case(outer=(1, 1), d=3, pre_norm=True)
@case(outer=(), d=4, pre_norm=False)
def block(kata, draw, outer, d, pre_norm):
    """wraps a sublayer as the equation says"""
    layer = draw.weights(kata.Residual(nn.Sequential(nn.Linear(d, d), nn.Tanh()), d, pre_norm))
    return layer(draw.normal(*outer, d, scale=2.0))


@case(n=3, B=2, T=4, d=5, pre_norm=True)
@case(n=2, B=3, T=1, d=7, pre_norm=False)
@case(n=1, B=1, T=2, d=4, pre_norm=True)
def stack(kata, draw, n, B, T, d, pre_norm):
    """chains the blocks, ends a pre-norm stack with a norm, and passes every gradient"""
    layer = stack_of(kata, draw, n, d, pre_norm)
    x = draw.normal(B, T, d).requires_grad_()
    y = layer(x)
    draw.backward(y)
    return {"y": y, "x": x.grad, **draw.gradients(layer)}


@case(d=3, pre_norm=True)
@case(d=3, pre_norm=False)
def dropout(kata, draw, d, pre_norm):
    """drops from the sublayer's output only, in training mode"""
    layer = draw.weights(kata.Residual(nn.Linear(d, d), d, pre_norm, dropout=0.4)).train()
    return samples(layer(draw.normal(d).expand(4000, d)).detach())


@case(n=2, d=4, pre_norm=True)
@case(n=3, d=5, pre_norm=False)
def modes(kata, draw, n, d, pre_norm):
    """passes dropout on to every block, and drops nothing in evaluation mode"""
    layer, x = stack_of(kata, draw, n, d, pre_norm, 0.5), draw.normal(3, d)
    steady = [layer.eval()(x), *(block(x) for block in layer.blocks)]
    shaken = [layer.train()(x), *(block(x) for block in layer.blocks)]
    return {
        "eval": steady[0],
        "train differs": [not torch.equal(*both) for both in zip(steady, shaken, strict=True)],
    }


@case(d=4, pre_norm=True)
@case(d=5, pre_norm=False)
def untouched(kata, draw, d, pre_norm):
    """writes into nothing that is not its own, and leaves a sublayer's weights and mode alone"""
    x, echo = draw.normal(6, d), kata.Residual(nn.Identity(), d, pre_norm, 0.5)
    echo(x)
    frozen = draw.weights(nn.Sequential(nn.Linear(d, d), nn.Sigmoid())).eval()
    layer = kata.Residual(frozen, d, pre_norm, 0.5)
    mode, y = frozen.training, layer(x)
    draw.backward(y)
    return {
        "in training": mode,
        "weight": frozen[0].weight.detach(),
        "drops": not torch.equal(y, layer(x)),
        "echo": echo.eval()(x),
    }


@case(d=4, pre_norm=True)
@case(d=3, pre_norm=False)
def saved(kata, draw, d, pre_norm):
    """keeps the sublayers that were handed in, and saves everything once"""
    twice = nn.Identity()
    sublayers = [nn.Linear(d, d), twice, nn.Linear(d, d, bias=False), twice]
    layer = kata.ResidualStack(sublayers, d, pre_norm)
    same = [ours.sublayer is theirs for ours, theirs in zip(layer.blocks, sublayers, strict=True)]
    return {
        "same": same,
        "blocks": len(set(layer.blocks)),
        "saved": sorted(layer.state_dict()),
        "y": layer.eval()(torch.ones(2, d)) * 0,
    }


@case(n=2, d=6, pre_norm=True)
@case(n=2, d=5, pre_norm=False)
def float64(kata, draw, n, d, pre_norm):
    """keeps double precision, also of an input that is a view"""
    layer = stack_of(kata, draw, n, d, pre_norm).double()
    return layer(draw.normal(d, 3, 2, dtype="float64").permute(1, 2, 0))


@case(n=2, d=4, pre_norm=True)
def devices(kata, draw, n, d, pre_norm):
    """stays on the device of its input"""
    return stack_of(kata, draw.meta, n, d, pre_norm, 0.1)(draw.meta.normal(2, 3, d))
