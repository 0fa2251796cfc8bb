"""What the attention masks must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=20,
    level="core",
    asked="Build causal, padding, prefix-LM and span masks in PyTorch, and a softmax for them.",
    asked_zh="用 PyTorch 构造因果、padding、prefix-LM 和区间 mask，并写出支持它们的 softmax。",
    hints=(
        "Each mask is one comparison between a row of key positions and a column of something. "
        "What is in the column?",
        "Give every tensor of bounds a last axis of size one and compare it with arange; "
        "broadcasting makes the matrix. Prefix and span need two comparisons: joined by which "
        "operator?",
        "For the softmax: several masks agree by 'and'. Overwrite hidden scores, take the "
        "softmax, then overwrite hidden weights. See why the second step is needed when a row "
        "is hidden altogether, and why overwriting keeps NaN out of the gradient while adding "
        "does not.",
    ),
    follow_ups={
        "Why is a causal mask with fewer queries than keys lined up at the bottom right?": (
            "In decoding with a cache the queries are the newest positions, so the last one sees "
            "all keys. Libraries differ: is_causal=True in torch's fused attention lines up the "
            "first query with the first key, which is wrong for that use."
        ),
        "Do padded queries have to be masked too?": (
            "No. Their outputs are ignored by the loss, and masking them makes rows without any "
            "key, the source of NaN. It is enough that nobody looks at padded keys."
        ),
        "Boolean or additive mask?": (
            "A boolean one takes a byte per entry, combines by 'and', and can be inverted. An "
            "additive one can also carry biases (ALiBi, relative positions), but −∞ + x in every "
            "entry of a row gives NaN, and finite stand-ins depend on the dtype."
        ),
        "How would you pack several documents into one sequence?": (
            "Compare document ids of query and key, and combine with the causal mask. As spans: "
            "each query starts at the first position of its document. Position ids have to "
            "restart too."
        ),
        "Is it wise to store such masks?": (
            "They take T·S entries per sequence. Kernels work the mask out from positions "
            "inside the tile instead, and skip tiles that are hidden altogether, which halves the work "
            "for a causal mask."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.2.3; Raffel et al. 2020, arXiv:1910.10683, §3.2.1",
)


@case(T=5, S=5)
@case(T=3, S=7)
@case(T=1, S=4)
@case(T=1, S=1)
def causal(kata, draw, T, S):
    """shows each of the last T positions itself and all before it"""
    return kata.causal_mask(T, S)


@case(B=6, S=4)
@case(B=1, S=1)
def padding(kata, draw, B, S):
    """hides the keys after each sequence's end, also in a sequence of length zero"""
    lengths = (draw.permutation(B) + draw.integers(1, high=B)) % (S + 1)
    return kata.padding_mask(lengths, S)


@case(B=7, T=5)
@case(B=1, T=1)
def prefix(kata, draw, B, T):
    """shows the prefix to itself in both directions, and the past to the rest"""
    lengths = (draw.permutation(B) + draw.integers(1, high=B)) % (T + 1)
    return kata.prefix_mask(lengths, T)


@case(batch=(), T=5, S=7)
@case(batch=(3, 2), T=4, S=5)
@case(batch=(2,), T=1, S=1)
def spans(kata, draw, batch, T, S):
    """shows each query the keys of its span, wherever the bounds lie"""
    start = draw.integers(T, *batch, low=-S, high=S + 1).movedim(0, -1)  # not contiguous
    end = start + draw.integers(*batch, T, low=-1, high=2 * S)
    before = torch.full_like(start, -1)  # where an index would count from the end
    return [kata.span_mask(start, end, S), kata.span_mask(before - S, before, S)]


@case(B=2, n_heads=3, T=4, S=6)
@case(B=4, n_heads=4, T=4, S=4)  # alike: heads could be taken for sequences
@case(B=1, n_heads=2, T=1, S=1)
def softmax(kata, draw, B, n_heads, T, S):
    """shares out the weight over the keys that all masks let through, masks being views or not"""
    scores = draw.normal(B, n_heads, T, S)
    first = draw.booleans(S, p=0.6) | draw.permutation(S).eq(0)
    second = draw.booleans(B, S, T, p=0.8).mT[:, None]
    heads, rows = draw.booleans(n_heads, T, S, p=0.8), draw.permutation(T)[:, None].ne(1)
    some = draw.permutation(B)[:, None, None, None].ne(1)
    asked = ((), (first,), (first, second, rows), (second, heads, rows, some))
    found = [kata.masked_softmax(scores, *masks) for masks in asked]
    return {"weights": found, "zero": [weights == 0 for weights in found]}


@case(B=3, T=4, S=5)
def nothing_to_see(kata, draw, B, T, S):
    """gives zeros to a query that may look at nothing, with gradients free of NaN"""
    scores = draw.normal(B, T, S).requires_grad_()
    row, key = draw.permutation(T)[:, None], draw.permutation(S)
    shown = (draw.booleans(B, T, S) | (key == 0)) & (row != 1)
    first, second = (row != 2) | (key < 2), (row != 2) | (key >= 2)  # disjoint in one row
    weights = kata.masked_softmax(scores, shown & first, second)
    draw.backward(weights)
    nothing = [kata.masked_softmax(scores, draw.booleans(*n, p=0.0)) for n in ((T, S), (S,))]
    return {"weights": weights, "gradient": scores.grad, "all hidden": nothing}


@case(B=2, T=3, S=6, scale=4.0)
@case(B=2, T=4, S=5, scale=1e12)
def float64(kata, draw, B, T, S, scale):
    """keeps double precision, and stays blind to hidden keys whatever the scores"""
    order = draw.permutation(S)
    scores = draw.uniform(B, T, S, high=scale, dtype="float64") * torch.where(order == 0, 1, -1)
    seen = (draw.booleans(T, S) | (order == 2)) & (order != 0)  # the highest is hidden
    return kata.masked_softmax(scores, seen)


@case(B=2, T=3, S=5)
def untouched(kata, draw, B, T, S):
    """leaves masks of the scores' own shape as they are"""
    scores = draw.normal(B, T, S)
    return kata.masked_softmax(scores, draw.booleans(B, T, S), draw.booleans(B, T, S))


@case(B=2, T=3, S=7)
def half(kata, draw, B, T, S):
    """works in half precision"""
    seen = draw.booleans(T, S)
    return [
        kata.masked_softmax(draw.normal(B, T, S, dtype=d), seen) for d in ("float16", "bfloat16")
    ]


@case(B=3, T=4, S=5)
def device(kata, draw, B, T, S):
    """makes masks on the device that is named or that of the tensors they are made from"""
    lengths, bounds = draw.meta.integers(B, high=T), draw.meta.integers(B, T, high=S)
    masks = [kata.causal_mask(T, S, device=lengths.device), kata.padding_mask(lengths, S)]
    masks += [kata.prefix_mask(lengths, T), kata.span_mask(bounds, bounds, S)]
    weights = kata.masked_softmax(draw.meta.normal(B, T, S), *masks[:2])
    return [str(result.device) for result in (*masks, weights)]
