"""What AdditiveAttention must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=20,
    level="core",
    asked="Write Bahdanau's additive attention with a padding mask in PyTorch.",
    asked_zh="用 PyTorch 手写带 padding mask 的加性注意力（Bahdanau attention）。",
    hints=(
        "Every query meets every key. What is the shape of the hidden layer, before the scores "
        "are made of it?",
        "Project queries and keys once each, not once per pair. Then give both an axis of size "
        "one, at different places, and let broadcasting pair them.",
        "Add, tanh, project to a single number, drop that axis by its position. Hide padding, "
        "softmax over the keys, and clean up sequences in which all is hidden. Average the keys "
        "as they came in.",
    ),
    follow_ups={
        "How does it compare with dot-product attention?": (
            "Both take O(T·S·d) operations, but the tanh needs a hidden layer of T·S·d_hidden "
            "numbers, while dot products are one matrix product. For small widths they do equally "
            "well; unscaled dot products do worse for large ones, which is why √d was introduced."
        ),
        "Why must query and key be added before the tanh?": (
            "If the score were a sum of a part of the query and a part of the key, the query's "
            "part would be a constant over the keys, and the softmax ignores constants: all "
            "queries would have the same weights. The tanh lets them interact."
        ),
        "What can be computed once per sentence in a decoder?": (
            "U k for all keys: they do not change from step to step. Each step projects the new "
            "state only."
        ),
        "Why has the last layer no bias?": (
            "It would add the same number to all scores of a query, which the softmax ignores. Its "
            "gradient would always be zero."
        ),
        "How would you keep T·S·d_hidden numbers out of memory?": (
            "Go over the queries in blocks, or one by one as a recurrent decoder does anyway, and "
            "recompute the hidden layer in the backward pass (checkpointing)."
        ),
    },
    source="Bahdanau, Cho and Bengio 2014, arXiv:1409.0473, §3.1 and appendix A.1.2",
)


@case(B=2, T=5, S=7, d_query=4, d_key=6, d_hidden=9)
@case(B=3, T=4, S=2, d_query=8, d_key=5, d_hidden=7)
@case(B=4, T=4, S=4, d_query=6, d_key=6, d_hidden=6)  # alike: axes could be swapped
@case(B=2, T=1, S=3, d_query=5, d_key=4, d_hidden=6)
@case(B=1, T=1, S=1, d_query=2, d_key=3, d_hidden=1)
def output(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """matches the equation"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden))
    return layer(draw.normal(B, T, d_query, scale=2.0), draw.normal(B, S, d_key, scale=2.0))


@case(B=3, T=4, S=7, d_query=5, d_key=6, d_hidden=8)
@case(B=5, T=5, S=5, d_query=4, d_key=6, d_hidden=3)
def padding(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """gives padding no weight, in tensors that are views"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden))
    queries = draw.normal(T, B, d_query).transpose(0, 1)
    keys = draw.normal(S, d_key, B).movedim(-1, 0)
    right = (torch.arange(S)[:, None] >= draw.integers(B, low=1, high=S)).T  # not contiguous
    same = draw.permutation(S).lt(3).expand(B, S)  # one row of memory for the whole batch
    found = [layer(queries, keys, mask) for mask in (right, right.flip(-1), same)]
    return {"found": found, "zero": [weights == 0 for _, weights in found]}


@case(B=3, T=4, S=5, d_query=6, d_key=7, d_hidden=2)
def all_padding(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """gives zeros where all is padding, with gradients free of NaN"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden))
    queries = draw.normal(B, T, d_query).requires_grad_()
    keys = draw.normal(B, S, d_key).requires_grad_()
    mask = (torch.arange(S) == S - 1) | (torch.arange(B) == 1)[:, None]
    context, weights = layer(queries, keys, padding=mask)
    draw.backward(context, weights)
    found = {"context": context, "weights": weights, "queries": queries.grad, "keys": keys.grad}
    nothing = layer(queries, keys, draw.booleans(B, S, p=1.0))
    return {**found, **draw.gradients(layer), "nothing": nothing}


@case(B=2, T=4, S=5, d_query=6, d_key=3, d_hidden=7)
@case(B=1, T=2, S=3, d_query=4, d_key=5, d_hidden=2)
def gradients(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """passes the right gradients to queries, keys and every weight, from both results"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden))
    queries = draw.normal(B, T, d_query).requires_grad_()
    keys = draw.normal(B, S, d_key).requires_grad_()
    draw.backward(*layer(queries, keys))
    return {"queries": queries.grad, "keys": keys.grad, **draw.gradients(layer)}


@case(B=2, T=3, S=5, d_query=4, d_key=6, d_hidden=7)
def float64(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """keeps double precision"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden), dtype="float64")
    queries = draw.normal(B, T, d_query, dtype="float64")
    keys = draw.normal(B, S, d_key, scale=3.0, dtype="float64")
    return layer(queries, keys, torch.arange(S).eq(2).expand(B, S))


@case(B=2, T=3, S=5, d_query=4, d_key=6, d_hidden=7)
def half(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """works in half precision"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden), dtype="float16")
    queries, keys = (draw.normal(B, *n, dtype="float16") for n in ((T, d_query), (S, d_key)))
    return layer(queries, keys, torch.arange(S).eq(2).expand(B, S))


@case(B=2, T=3, S=5, d_query=4, d_key=6, d_hidden=7, factor=1e5)
def huge_scores(kata, draw, B, T, S, d_query, d_key, d_hidden, factor):
    """stays finite, and blind to padding, when the scores are in the ten thousands"""
    layer = draw.weights(kata.AdditiveAttention(d_query, d_key, d_hidden), dtype="float64")
    with torch.no_grad():
        layer.v.weight *= factor
    queries = draw.normal(B, T, d_query, dtype="float64")
    keys = draw.normal(B, S, d_key, dtype="float64")
    one = torch.arange(S).ne(1).expand(B, S)
    found = {"whole": layer(queries, keys), "one": layer(queries, keys, one)}
    with torch.no_grad():
        layer.v.weight *= -1
    return {**found, "other sign": layer(queries, keys, one)}


@case(B=2, T=4, S=5, d_query=6, d_key=7, d_hidden=3)
def device(kata, draw, B, T, S, d_query, d_key, d_hidden):
    """makes nothing on another device than its inputs'"""
    layer = draw.meta.weights(kata.AdditiveAttention(d_query, d_key, d_hidden))
    queries, keys = draw.meta.normal(B, T, d_query), draw.meta.normal(B, S, d_key)
    return layer(queries, keys), layer(queries, keys, draw.meta.booleans(B, S))
