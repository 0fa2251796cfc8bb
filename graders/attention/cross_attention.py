"""What CrossAttention must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=20,
    level="core",
    asked="Write multi-head cross-attention over an encoder memory of another width in PyTorch.",
    asked_zh="用 PyTorch 手写多头交叉注意力，encoder memory 的长度与宽度可与 decoder 不同。",
    hints=(
        "Which of the four projections see the decoder, which see the memory, and what is the "
        "shape of the scores?",
        "Only the width that goes in differs; all projections come out at d_model, and from there "
        "on it is ordinary attention with T queries and S keys.",
        "The padding belongs to the memory, so it lies along the last axis of the scores. Hide "
        "before the softmax, and overwrite once more after it for a memory that is all padding.",
    ),
    follow_ups={
        "Why is there no causal mask here?": (
            "The memory is the whole source, known before decoding begins. Only the target must "
            "not look ahead, and that is the business of the decoder's self-attention."
        ),
        "What can be cached while decoding?": (
            "Keys and values of the memory, once per source and layer: they do not depend on the "
            "decoder. Each step then costs one query projection and attention over S keys."
        ),
        "Where else is cross-attention used?": (
            "Text to image models let image features look at text, Perceiver lets a few latent "
            "vectors look at a long input, and retrieval models at retrieved passages. In all of "
            "them the two sides have lengths and widths of their own."
        ),
        "What does it cost?": (
            "O(T·S·d_model) for scores and weighted sum, O(T·d_model²) and O(S·d_memory·d_model) "
            "for the projections, and T·S weights per head."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.2–3.2.3",
    needs=("attention/self_attention",),
)


@case(B=2, T=5, S=7, d_model=12, d_memory=10, n_heads=3)
@case(B=4, T=6, S=3, d_model=8, d_memory=9, n_heads=1)
@case(B=3, T=4, S=4, d_model=10, d_memory=10, n_heads=5)  # alike: the inputs could be swapped
@case(B=1, T=1, S=1, d_model=4, d_memory=3, n_heads=2)
def output(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """matches the equation, with a memory of any length and width"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads))
    return layer(draw.normal(B, T, d_model), draw.normal(B, S, d_memory))


@case(B=3, T=4, S=7, d_model=10, d_memory=6, n_heads=2)
@case(B=3, T=5, S=5, d_model=8, d_memory=12, n_heads=4)
@case(B=1, T=1, S=6, d_model=9, d_memory=4, n_heads=3)
def padding(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """does not look at padding in the memory, in tensors that are views"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads))
    x, memory = draw.normal(T, B, d_model), draw.normal(S, d_memory, B).movedim(-1, 0)
    x = x.transpose(0, 1)
    right = (torch.arange(S)[:, None] >= draw.integers(B, low=1, high=S)).T  # not contiguous
    same = draw.permutation(S).lt(3).expand(B, S)  # one row of memory for the whole batch
    return [layer(x, memory, mask) for mask in (right, right.flip(-1), same, None)]


@case(B=3, T=4, S=5, d_model=6, d_memory=7, n_heads=2)
def all_padding(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """gives zero weights to a memory that is all padding, with gradients free of NaN"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads))
    x = draw.normal(B, T, d_model).requires_grad_()
    memory = draw.normal(B, S, d_memory).requires_grad_()
    padding = torch.arange(S) == S - 1
    y = layer(x, memory, padding=padding | (torch.arange(B) == 1)[:, None])
    draw.backward(y)
    found = {"output": y, "x": x.grad, "memory": memory.grad, "v": layer.v_proj.weight.grad}
    return {**found, "nothing": layer(x, memory, draw.booleans(B, S, p=1.0))}


@case(B=2, T=4, S=5, d_model=15, d_memory=7, n_heads=3)
@case(B=1, T=3, S=2, d_model=4, d_memory=6, n_heads=2)
def gradients(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """passes the right gradients to decoder, memory and every weight"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads))
    x = draw.normal(B, T, d_model).requires_grad_()
    memory = draw.normal(B, S, d_memory).requires_grad_()
    draw.backward(layer(x, memory=memory))
    found = draw.gradients(layer)
    # The gradient of the keys' bias is zero but for rounding, so it cannot be compared alone.
    k = torch.cat([found.pop("k_proj.weight"), found.pop("k_proj.bias")[:, None]], dim=1)
    return {"x": x.grad, "memory": memory.grad, "k_proj": k, **found}


@case(B=2, T=3, S=6, d_model=9, d_memory=4, n_heads=3, scale=1.0)
@case(B=2, T=5, S=4, d_model=8, d_memory=6, n_heads=2, scale=300.0)
def float64(kata, draw, B, T, S, d_model, d_memory, n_heads, scale):
    """keeps double precision, and stays finite and blind when the scores are huge"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads), dtype="float64")
    x = draw.normal(B, T, d_model, scale=scale, dtype="float64")
    memory = draw.normal(B, S, d_memory, scale=scale, dtype="float64")
    one = torch.arange(S).ne(1).expand(B, S)
    return {"whole": layer(x, memory), "one": layer(x, memory, one)}


@case(B=2, T=4, S=3, d_model=6, d_memory=5, n_heads=2)
def another_memory(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """looks at the memory of this call, not at that of the call before"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads)).eval()
    x = draw.normal(B, T, d_model)
    with torch.no_grad():
        return [layer(x, draw.normal(B, S, d_memory)) for _ in range(2)]


@case(B=2, T=4, S=5, d_model=6, d_memory=7, n_heads=3)
def half(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """works in half precision"""
    layer = draw.weights(kata.CrossAttention(d_model, d_memory, n_heads), dtype="float16")
    x, memory = (draw.normal(B, *n, dtype="float16") for n in ((T, d_model), (S, d_memory)))
    return layer(x, memory, torch.arange(S).eq(1).expand(B, S))


@case(B=2, T=4, S=5, d_model=6, d_memory=7, n_heads=3)
def device(kata, draw, B, T, S, d_model, d_memory, n_heads):
    """makes nothing on another device than its inputs'"""
    layer = draw.meta.weights(kata.CrossAttention(d_model, d_memory, n_heads))
    x, memory = draw.meta.normal(B, T, d_model), draw.meta.normal(B, S, d_memory)
    return layer(x, memory), layer(x, memory, draw.meta.booleans(B, S))


@case(d_model=10, d_memory=8, n_heads=4, raises=ValueError)
def indivisible(kata, draw, d_model, d_memory, n_heads):
    """refuses a width that the heads cannot share out evenly"""
    kata.CrossAttention(d_model, d_memory, n_heads)
