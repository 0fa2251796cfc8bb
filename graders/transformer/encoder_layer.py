"""What EncoderLayer must do."""

import torch

from dojo import Kata, case, samples

kata = Kata(
    minutes=30,
    level="core",
    asked="Write a Transformer encoder layer with masks, as pre-norm and as post-norm.",
    asked_zh="手写 Transformer 编码器层：支持 pre-norm 与 post-norm，并处理注意力掩码和 padding mask。",
    hints=(
        "How many sublayers are there, and in which order? Draw each as a branch that leaves a "
        "straight line and comes back to it.",
        "Where does the norm stand in the two orders: on the line, or on the branch? Which value "
        "does the second branch start from?",
        "Write each sublayer with its dropout as one helper. Then each order is two lines. The "
        "attention takes both masks in the convention of this kata; look up which argument is which, "
        "and which axis it takes for the batch.",
    ),
    follow_ups={
        "How many parameters has the layer?": (
            "Attention has 4·d² + 4·d, the network 2·d·d_ff + d_ff + d, the norms 4·d. With d_ff = 4·d this "
            "is about 12·d², two thirds of it in the network; the number of heads does not matter."
        ),
        "What dominates the cost, attention or the network?": (
            "The products with weights take about 24·T·d² operations (d_ff = 4·d), scores and weighted sum "
            "4·T²·d. So the quadratic part wins only when T exceeds about 6·d."
        ),
        "Why does each sublayer have its own norm?": (
            "The stream has other statistics after the attention, and each branch wants its own scale and shift. Sharing "
            "saves a few parameters and ties two things that should be free."
        ),
        "What happens to rows of padding?": (
            "They are computed and carry arbitrary values, which no real token ever sees. Pooling and loss "
            "must leave them out; packed (varlen) kernels save the work."
        ),
        "Does the layer know the order of the tokens?": (
            "Without a mask no: it is equivariant to permutations, since attention sums over a set and "
            "all else is per token. Order comes from position embeddings, or from a causal mask."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.1; pre-norm: Xiong et al. 2020, arXiv:2002.04745",
    needs=("attention/self_attention", "normalization/pre_post_norm", "transformer/feed_forward"),
)


def masks(draw, B, T):
    """Return a mask and a padding, both views, that leave the diagonal or a first token to see."""
    mask = draw.booleans(T, T, p=0.5).T & ~torch.eye(T, dtype=torch.bool)
    mask[:, 0] = False
    padding = torch.arange(T)[:, None] > draw.integers(B, high=max(T - 1, 1))
    return mask.T.contiguous().T, padding.T


@case(B=2, T=5, d_model=6, n_heads=3, d_ff=11)
@case(B=4, T=3, d_model=10, n_heads=2, d_ff=7)
@case(B=1, T=1, d_model=4, n_heads=1, d_ff=3)
def post_norm(kata, draw, B, T, d_model, n_heads, d_ff):
    """normalises after each sum, unless told otherwise"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff))
    return layer(draw.normal(B, T, d_model, scale=2.0))


@case(B=3, T=4, d_model=6, n_heads=2, d_ff=9)
@case(B=1, T=1, d_model=8, n_heads=4, d_ff=5)
def pre_norm(kata, draw, B, T, d_model, n_heads, d_ff):
    """normalises what each sublayer gets"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm=True))
    return layer(draw.normal(B, T, d_model, scale=2.0))


@case(B=3, T=6, d_model=8, n_heads=2, d_ff=5, pre_norm=False)
@case(B=1, T=5, d_model=6, n_heads=3, d_ff=8, pre_norm=True)
def masked(kata, draw, B, T, d_model, n_heads, d_ff, pre_norm):
    """obeys the mask, the padding and both at once, given as views, and writes into neither"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm))
    x = draw.normal(T, B, d_model).transpose(0, 1)
    mask, padding = masks(draw, B, T)
    causal, last = torch.ones(T, T).triu(1).bool(), torch.arange(T).ge(T - 1).expand(B, T)
    return {
        "mask": layer(x, mask=mask),
        "padding": layer(x, padding=padding),
        "padding on the left": layer(x, padding=padding.flip(1)),
        "both": layer(x, mask, padding),
        "another mask": layer(x, causal, last),
        "masks": [mask, padding, causal, last],
    }


@case(B=4, T=3, d_model=8, n_heads=2, d_ff=5)
def unseen(kata, draw, B, T, d_model, n_heads, d_ff):
    """gives nothing of a hidden token away, however large the scores"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff))
    with torch.no_grad():
        layer.attention.in_proj_weight.mul_(1000.0)
    one, other, found = draw.normal(B, T, d_model), draw.normal(B, 1, d_model), {}
    other = torch.cat([one[:, :-1], other], dim=1)
    hidden = {"mask": torch.ones(T, T).triu(1).bool(), "padding": torch.arange(T).eq(T - 1)[None]}
    for name, value in hidden.items():
        given = {name: value if name == "mask" else value.expand(B, T)}
        found[name] = torch.allclose(layer(one, **given)[:, :-1], layer(other, **given)[:, :-1])
    return found


@case(B=3, T=4, d_model=8, n_heads=2, d_ff=6)
def half(kata, draw, B, T, d_model, n_heads, d_ff):
    """takes float16, with masks"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm=True), dtype="float16")
    x, hidden = draw.normal(B, T, d_model, dtype="float16"), masks(draw, B, T)
    y = layer(x, *hidden)
    return {
        "dtype": str(y.dtype),
        "near": bool((y - layer.float()(x.float(), *hidden)).abs().max() < 0.1),
    }


@case(B=2, T=5, d_model=6, n_heads=2, d_ff=7, pre_norm=False)
@case(B=3, T=4, d_model=4, n_heads=1, d_ff=9, pre_norm=True)
def gradients(kata, draw, B, T, d_model, n_heads, d_ff, pre_norm):
    """passes the right gradients to the input and every weight"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x, *masks(draw, B, T)))
    return {"x": x.grad, **draw.gradients(layer)}


@case(B=2, T=5, d_model=9, n_heads=3, d_ff=4, pre_norm=True)
@case(B=3, T=2, d_model=4, n_heads=2, d_ff=6, pre_norm=False)
def float64(kata, draw, B, T, d_model, n_heads, d_ff, pre_norm):
    """keeps double precision"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm), dtype="float64")
    return layer(draw.normal(B, T, d_model, scale=3.0, dtype="float64"), *masks(draw, B, T))


@case(T=1, d_model=3, pre_norm=True)
@case(T=1, d_model=3, pre_norm=False)
@case(T=2, d_model=2, pre_norm=True)
def dropout(kata, draw, T, d_model, pre_norm):
    """drops from each sublayer's output and nothing else, in training mode"""
    layer = draw.weights(kata.EncoderLayer(d_model, 1, 5, pre_norm, dropout=0.4)).train()
    return samples(layer(draw.normal(T, d_model).expand(4000, T, d_model)).detach())


@case(d_model=4, n_heads=2, d_ff=7, pre_norm=True)
@case(d_model=6, n_heads=3, d_ff=5, pre_norm=False)
def evaluation(kata, draw, d_model, n_heads, d_ff, pre_norm):
    """drops nothing in evaluation mode, with gradients or without"""
    layer = draw.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm, dropout=0.5)).eval()
    x = draw.normal(2, 3, d_model)
    with torch.no_grad():
        without = layer(x, *masks(draw, 2, 3))
    return {"with": layer(x), "without": without}


@case(B=2, T=3, d_model=4, n_heads=2, d_ff=5, pre_norm=True)
@case(B=3, T=4, d_model=6, n_heads=1, d_ff=5, pre_norm=False)
def devices(kata, draw, B, T, d_model, n_heads, d_ff, pre_norm):
    """stays on the device of its input, with masks or without"""
    layer = draw.meta.weights(kata.EncoderLayer(d_model, n_heads, d_ff, pre_norm))
    masks = (draw.meta.booleans(T, T), draw.meta.booleans(B, T)) if pre_norm else ()
    return layer(draw.meta.normal(B, T, d_model), *masks)
