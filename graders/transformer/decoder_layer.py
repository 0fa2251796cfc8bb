"""What DecoderLayer must do."""

import torch

from dojo import Kata, case, samples

kata = Kata(
    minutes=40,
    level="hard",
    asked="Write a Transformer decoder layer with causal and padding masks, as pre-norm and as post-norm.",
    asked_zh="手写 Transformer 解码器层：因果自注意力、交叉注意力与前馈网络，支持 padding mask 以及 pre-norm 和 post-norm。",
    hints=(
        "Three branches leave the line of the residuals. For each attention, name the source of its "
        "queries, of its keys and of its values, and who is hidden from whom.",
        "Which norms see the memory? Which of the masks depends on the order of the tokens, and on "
        "which device should it be made?",
        "Write one helper for each sublayer, dropout included. Then each order is three lines: every "
        "one starts from what the line before it returned, and uses its own norm.",
    ),
    follow_ups={
        "What changes with a key-value cache?": (
            "In decoding, self-attention appends one key and value per step; keys and values of the memory are "
            "computed once per sequence and never change. The causal mask of a single new query is empty."
        ),
        "What do decoder-only models leave out?": (
            "The cross-attention and its norm: source and target form one sequence under one causal "
            "(or prefix) mask, and the same weights serve both."
        ),
        "Why is the memory not normalised in the layer?": (
            "The encoder's stack ends with a norm, in post-norm as the last step of its last layer, in "
            "pre-norm as the final norm. Normalising in each decoder layer would repeat that work."
        ),
        "What does each attention cost?": (
            "Scores and weighted sum take about 4·T²·d operations in self-attention and 4·T·S·d in "
            "cross-attention, and each has four projections, two of which act on the memory: 4·S·d² operations."
        ),
        "How would you test that the future does not leak?": (
            "Change token t of the input and check that the outputs before t stay as they are; or take the gradient of one "
            "output with respect to the input and check that it is zero after its position."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.1 and §3.2.3; pre-norm: Xiong et al. 2020, arXiv:2002.04745",
    needs=("attention/cross_attention", "transformer/encoder_layer"),
    forbids=("torch.nn.TransformerDecoderLayer",),
    allows=("torch.nn.Transformer",),  # for its causal mask; its layers are found out when they run
)


def paddings(draw, B, T, S):
    """Return a padding on the right of the tokens, and one on the left of the memory, as views."""
    right = torch.arange(T)[:, None] > draw.integers(B, high=T)
    left = torch.arange(S)[:, None] < draw.integers(B, high=S)
    return right.T, left.T


@case(B=2, T=5, S=3, d_model=6, n_heads=3, d_ff=11)
@case(B=3, T=4, S=4, d_model=10, n_heads=2, d_ff=7)
@case(B=1, T=1, S=1, d_model=4, n_heads=1, d_ff=3)
def post_norm(kata, draw, B, T, S, d_model, n_heads, d_ff):
    """normalises after each sum, unless told otherwise"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff))
    return layer(draw.normal(B, T, d_model, scale=2.0), draw.normal(B, S, d_model))


@case(B=3, T=4, S=6, d_model=6, n_heads=2, d_ff=9)
@case(B=1, T=1, S=2, d_model=8, n_heads=4, d_ff=5)
def pre_norm(kata, draw, B, T, S, d_model, n_heads, d_ff):
    """normalises what each sublayer gets, but not the memory"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm=True))
    return layer(draw.normal(B, T, d_model, scale=2.0), draw.normal(B, S, d_model, scale=2.0))


@case(B=3, T=6, S=4, d_model=8, n_heads=2, d_ff=5, pre_norm=False)
@case(B=4, T=5, S=5, d_model=6, n_heads=3, d_ff=8, pre_norm=True)
def padded(kata, draw, B, T, S, d_model, n_heads, d_ff, pre_norm):
    """obeys either padding and both at once, given as views, and writes into neither"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm))
    x, memory = draw.normal(T, B, d_model).transpose(0, 1), draw.normal(B, S, d_model)
    padding, memory_padding = paddings(draw, B, T, S)
    inside = torch.arange(T).eq(1).expand(B, T)  # one row of memory for the whole batch
    return {
        "padding": layer(x, memory, padding=padding),
        "padding in between": layer(x, memory, inside),
        "memory": layer(x, memory, memory_padding=memory_padding),
        "both": layer(x, memory, padding, memory_padding),
        "paddings": [padding, memory_padding],
    }


@case(B=4, T=3, S=2, d_model=8, n_heads=2, d_ff=5)
def unseen(kata, draw, B, T, S, d_model, n_heads, d_ff):
    """gives nothing of a hidden token away, however large the scores"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff))
    with torch.no_grad():
        layer.self_attention.in_proj_weight.mul_(1000.0)
        layer.cross_attention.in_proj_weight.mul_(1000.0)
    x, memory = draw.normal(B, T, d_model), draw.normal(B, S, d_model)
    later = torch.cat([x[:, :-1], draw.normal(B, 1, d_model)], dim=1)
    padded = torch.cat([memory[:, :-1], draw.normal(B, 1, d_model)], dim=1)
    hidden = {"memory_padding": torch.arange(S).eq(S - 1).expand(B, S)}
    y = layer(x, memory, **hidden)[:, :-1]
    return {
        "later token": torch.allclose(y, layer(later, memory, **hidden)[:, :-1]),
        "padded memory": torch.allclose(y, layer(x, padded, **hidden)[:, :-1]),
    }


@case(B=3, T=4, S=3, d_model=8, n_heads=2, d_ff=6)
def half(kata, draw, B, T, S, d_model, n_heads, d_ff):
    """takes float16, with paddings"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm=True), dtype="float16")
    x, memory = (draw.normal(B, length, d_model, dtype="float16") for length in (T, S))
    hidden = paddings(draw, B, T, S)
    y = layer(x, memory, *hidden)
    exact = layer.float()(x.float(), memory.float(), *hidden)
    return {"dtype": str(y.dtype), "near": bool((y - exact).abs().max() < 0.1)}


@case(B=2, T=3, S=4, d_model=6, n_heads=2, d_ff=5)
def longer(kata, draw, B, T, S, d_model, n_heads, d_ff):
    """takes tokens and memories of another length at each call"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff))
    shapes = ((B, T, S), (B + 1, 130, S - 1), (B, T + 1, S + 1))
    return [layer(draw.normal(b, t, d_model), draw.normal(b, s, d_model)) for b, t, s in shapes]


@case(B=2, T=5, S=3, d_model=6, n_heads=2, d_ff=7, pre_norm=False)
@case(B=3, T=3, S=4, d_model=4, n_heads=1, d_ff=9, pre_norm=True)
def gradients(kata, draw, B, T, S, d_model, n_heads, d_ff, pre_norm):
    """passes the right gradients to tokens, memory and every weight"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm))
    x = draw.normal(B, T, d_model).requires_grad_()
    memory = draw.normal(B, S, d_model).requires_grad_()
    draw.backward(layer(x, memory, *paddings(draw, B, T, S)))
    return {"x": x.grad, "memory": memory.grad, **draw.gradients(layer)}


@case(B=2, T=4, S=5, d_model=9, n_heads=3, d_ff=4, pre_norm=True)
@case(B=3, T=2, S=3, d_model=4, n_heads=2, d_ff=6, pre_norm=False)
def float64(kata, draw, B, T, S, d_model, n_heads, d_ff, pre_norm):
    """keeps double precision"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm), dtype="float64")
    x = draw.normal(B, T, d_model, scale=3.0, dtype="float64")
    return layer(x, draw.normal(B, S, d_model, dtype="float64"), *paddings(draw, B, T, S))


@case(S=2, d_model=3, pre_norm=True)
@case(S=2, d_model=3, pre_norm=False)
def dropout(kata, draw, S, d_model, pre_norm):
    """drops from each sublayer's output and nothing else, in training mode"""
    layer = draw.weights(kata.DecoderLayer(d_model, 1, 5, pre_norm, dropout=0.4)).train()
    x, memory = draw.normal(1, d_model), draw.normal(S, d_model)
    y = layer(x.expand(4000, 1, d_model), memory.expand(4000, S, d_model))
    return samples(y.detach())


@case(d_model=4, n_heads=2, d_ff=7, pre_norm=True)
@case(d_model=6, n_heads=3, d_ff=5, pre_norm=False)
def evaluation(kata, draw, d_model, n_heads, d_ff, pre_norm):
    """drops nothing in evaluation mode, with gradients or without"""
    layer = draw.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm, dropout=0.5)).eval()
    x, memory = draw.normal(2, 3, d_model), draw.normal(2, 4, d_model)
    with torch.no_grad():
        without = layer(x, memory, *paddings(draw, 2, 3, 4))
    return {"with": layer(x, memory), "without": without}


@case(B=2, T=3, S=4, d_model=4, n_heads=2, d_ff=5, pre_norm=True)
@case(B=3, T=4, S=2, d_model=6, n_heads=1, d_ff=5, pre_norm=False)
def devices(kata, draw, B, T, S, d_model, n_heads, d_ff, pre_norm):
    """stays on the device of its input, with paddings or without"""
    layer = draw.meta.weights(kata.DecoderLayer(d_model, n_heads, d_ff, pre_norm))
    x, memory = draw.meta.normal(B, T, d_model), draw.meta.normal(B, S, d_model)
    paddings = (draw.meta.booleans(B, T), draw.meta.booleans(B, S)) if pre_norm else ()
    return layer(x, memory, *paddings)
