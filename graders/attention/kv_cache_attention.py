"""What CachedAttention and KVCache must do."""

import copy

import torch

from dojo import Kata, case

kata = Kata(
    minutes=30,
    level="hard",
    asked="Write causal self-attention with a KV cache for prefill and one-token decoding in PyTorch.",
    asked_zh="用 PyTorch 手写带 KV cache 的因果自注意力，支持 prefill、分块与逐 token 解码。",
    hints=(
        "Which of the queries, keys and values of a token are needed again when the next token comes? And "
        "at which position does a token stand that is the first of its call?",
        "Write the mask for two new tokens behind three cached ones: two rows, five columns. What becomes of it "
        "for a single new token, and for an empty cache?",
        "Ask the cache for its length, project and rotate the new tokens from there on, append keys and values "
        "(detached in the cache, attached for this call), attend with all of them, hide by absolute position.",
    ),
    follow_ups={
        "How much memory does the cache take?": (
            "Two numbers (a key's and a value's) × layers × heads of keys and values × d_head × tokens × sequences "
            "× bytes. A model of 32 layers with width 4096 in half precision needs half a megabyte for each token."
        ),
        "Why are queries not cached?": (
            "A token's query is used once, for its own row of the output. Later tokens look at its key and value only, "
            "as they look back, and it never looks ahead."
        ),
        "Why is decoding bound by memory and prefill by arithmetic?": (
            "Prefill multiplies every weight with all tokens of the prompt; decoding loads all weights and the whole "
            "cache for one token per sequence, about one operation per byte. Batching helps with the weights, but every "
            "sequence has a cache of its own."
        ),
        "What is wrong with `torch.cat` at every step, and what do servers do?": (
            "It copies the cache for each token and leaves holes in memory. Servers allocate ahead, in buffers of full "
            "length or in pages of, say, 16 tokens with a table for each sequence, which can also be shared between "
            "sequences with the same prefix."
        ),
        "How do sequences of different lengths go into one batch?": (
            "Padded in front, with a mask for the padding and positions counted from the first real token; or packed "
            "without padding, with each sequence's own length handed to the kernel."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.3; incremental decoding: Shazeer 2019, arXiv:1911.02150, §2.4.1",
    needs=("attention/self_attention", "attention/attention_masks", "positions/rotary_embedding"),
    allows=("torch.nn.functional.scaled_dot_product_attention",),
)


def pieces(layer, x, cuts, cache):
    """Return the outputs of one call for each piece of the sequence, with the length after it."""
    return [(layer(piece, cache), len(cache)) for piece in x.split(cuts, dim=1)]


@case(B=2, T=5, d_model=12, n_heads=3)
@case(B=1, T=1, d_model=8, n_heads=2)
def without(kata, draw, B, T, d_model, n_heads):
    """is causal attention from position 0 on without a cache, however often it is called"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads))
    return [layer(draw.normal(B, T, d_model)) for _ in range(2)]


@case(B=2, cuts=(5, 1, 1, 1), d_model=12, n_heads=3)
@case(B=3, cuts=(1, 1, 1, 1, 1), d_model=8, n_heads=1)
@case(B=2, cuts=(3, 4, 1, 2), d_model=16, n_heads=4)
@case(B=1, cuts=(30, 1, 2), d_model=4, n_heads=2)
def decoding(kata, draw, B, cuts, d_model, n_heads):
    """goes on where the cache ends, in calls of any length"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads)).eval()
    cache = kata.KVCache()
    with torch.no_grad():
        return {
            "empty": len(cache),
            "pieces": pieces(layer, draw.normal(B, sum(cuts), d_model), cuts, cache),
        }


@case(B=1, T=300, steps=3, d_model=8, n_heads=2, budget={"flops": 4})
def cost(kata, draw, B, T, steps, d_model, n_heads):
    """decodes a token without doing the work of those before it again"""
    layer, cache = draw.weights(kata.CachedAttention(d_model, n_heads)), kata.KVCache()
    x = draw.normal(B, T + steps, d_model)
    layer(x[:, :T], cache)
    with draw.measured():
        return [layer(x[:, t : t + 1], cache) for t in range(T, T + steps)]


@case(d_model=8, n_heads=2)
def apart(kata, draw, d_model, n_heads):
    """keeps sequences apart that take turns in two layers, and saves none of them"""
    first, second = (draw.weights(kata.CachedAttention(d_model, n_heads)) for _ in range(2))
    caches = [(kata.KVCache(), kata.KVCache()) for _ in range(3)]
    found = []
    for which, B, T in ((0, 2, 3), (1, 3, 2), (0, 2, 1), (2, 2, 2), (1, 3, 1), (0, 2, 2)):
        one, two = caches[which]
        found.append(second(first(draw.normal(B, T, d_model), one), two))
    alone = first(draw.normal(2, 2, d_model))
    lengths = [[len(cache) for cache in pair] for pair in caches]
    return {"found": found, "alone": alone, "lengths": lengths, "saved": sorted(first.state_dict())}


@case(B=2, T=3, d_model=12, n_heads=2)
def forked(kata, draw, B, T, d_model, n_heads):
    """lets a deep copy of a cache go on by itself"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads))
    cache = kata.KVCache()
    layer(draw.normal(B, T, d_model), cache)
    other = copy.deepcopy(cache)
    found = [layer(draw.normal(B, n, d_model), c) for c, n in ((cache, 1), (other, 2), (cache, 1))]
    return {"found": found, "lengths": [len(cache), len(other)]}


@case(B=2, T=4, d_model=12, n_heads=2)
@case(B=1, T=2, d_model=8, n_heads=4)
def gradients(kata, draw, B, T, d_model, n_heads):
    """passes the right gradients to the new tokens and every weight, and none to earlier calls"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads))
    cache, found = kata.KVCache(), []
    for n in (T, 1, 3):
        x = draw.normal(B, n, d_model).requires_grad_()
        layer.zero_grad()
        draw.backward(layer(x, cache))
        found.append({"x": x.grad, **draw.gradients(layer)})
    return found


@case(B=2, cuts=(4, 1, 3), d_model=8, n_heads=2, scale=1.0)
@case(B=2, cuts=(3, 1, 2), d_model=12, n_heads=3, scale=200.0)
def float64(kata, draw, B, cuts, d_model, n_heads, scale):
    """keeps double precision, and stays finite and causal when the scores are huge"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads), dtype="float64")
    x = draw.normal(sum(cuts), B, d_model, scale=scale, dtype="float64").transpose(0, 1)  # a view
    return pieces(layer, x, cuts, kata.KVCache())


@case(B=2, cuts=(4, 1, 2), d_model=8, n_heads=2)
def half(kata, draw, B, cuts, d_model, n_heads):
    """keeps the cache in the model's own precision"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads), dtype="float16")
    return pieces(layer, draw.normal(B, sum(cuts), d_model, dtype="float16"), cuts, kata.KVCache())


@case(B=2, cuts=(3, 2), d_model=8, n_heads=2)
def device(kata, draw, B, cuts, d_model, n_heads):
    """makes nothing on another device than its input's"""
    layer = draw.meta.weights(kata.CachedAttention(d_model, n_heads))
    return pieces(layer, draw.meta.normal(B, sum(cuts), d_model), cuts, kata.KVCache())


@case(B=1, other=3, T=1, d_model=8, n_heads=2)
@case(B=3, other=1, T=2, d_model=4, n_heads=1)
def another_batch(kata, draw, B, other, T, d_model, n_heads):
    """refuses another number of sequences, and leaves the cache as it was"""
    layer = draw.weights(kata.CachedAttention(d_model, n_heads))
    cache, refused = kata.KVCache(), False
    layer(draw.normal(B, 2, d_model), cache)
    try:
        layer(draw.normal(other, T, d_model), cache)
    except ValueError:
        refused = True
    return {
        "refused": refused,
        "length": len(cache),
        "next": layer(draw.normal(B, 1, d_model), cache),
    }


@case(d_model=10, n_heads=4, raises=ValueError)
def indivisible(kata, draw, d_model, n_heads):
    """refuses a width that the heads cannot share out evenly"""
    kata.CachedAttention(d_model, n_heads)
