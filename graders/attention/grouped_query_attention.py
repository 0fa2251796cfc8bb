"""What grouped_attention and GroupedQueryAttention must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=25,
    level="core",
    asked="Write grouped-query attention in PyTorch, without copying keys and values for the query heads.",
    asked_zh="用 PyTorch 手写分组查询注意力（GQA），不为各个 query 头复制 key 和 value。",
    hints=(
        "Query head i looks at which head of keys? Write it down for six heads over three, and then see "
        "whether `repeat` or `repeat_interleave` would lay the copies out like that.",
        "Queries of a group meet the same keys. So the group can be one more axis of the queries alone, or "
        "be put beside the tokens: then there is nothing left to repeat.",
        "Split the head axis of the queries in two, groups outside. Contract over the features with each head of "
        "keys once, mask for all heads alike, softmax, contract with the values, and join the two axes again.",
    ),
    follow_ups={
        "What does it save?": (
            "Memory and bandwidth of the key–value cache, by the factor g = n_heads / n_kv_heads; and "
            "parameters of two projections. The arithmetic of scores and weighted sum stays the same."
        ),
        "Why is decoding faster, if the arithmetic is the same?": (
            "One new token does O(1) operations per number of the cache that it reads, so decoding waits for "
            "memory. With g queries for each key that is loaded, the same bytes serve g times the work."
        ),
        "How do you make a multi-head model grouped?": (
            "Average the key and value projections of the heads in each group and train on for a few per cent "
            "of the original steps. The mean worked better in the paper than picking one head or starting anew."
        ),
        "How does it go with tensor parallelism?": (
            "Heads are split over devices, so n_kv_heads should be a multiple of their number; with fewer, "
            "key and value heads have to be replicated, and the saving per device ends there."
        ),
        "Why does a broadcast matmul not help?": (
            "It is carried out as a batched product over contiguous batches, so the operand of batch size one is first "
            "expanded and copied. Moving the group to the rows of the queries gives a product without broadcast, and a "
            "fused kernel does the same by indexing."
        ),
    },
    source="Ainslie et al. 2023, arXiv:2305.13245, §2.2; one head for all: Shazeer 2019, arXiv:1911.02150, §3",
    needs=("attention/self_attention", "attention/attention_masks"),
)


def drawn(draw, B, H, K, T, S, d, **how):
    """Return queries for H heads, keys and values for K."""
    return draw.normal(B, H, T, d, **how), *(draw.normal(B, K, S, d, **how) for _ in range(2))


@case(B=2, H=6, K=3, T=4, S=5, d=7)
@case(B=3, H=8, K=2, T=5, S=3, d=6)
@case(B=2, H=4, K=4, T=3, S=6, d=5)
@case(B=3, H=5, K=1, T=2, S=4, d=8)
@case(B=1, H=1, K=1, T=1, S=1, d=3)
def core(kata, draw, B, H, K, T, S, d):
    """lets each group of neighbouring query heads share a head of keys and values"""
    return kata.grouped_attention(*drawn(draw, B, H, K, T, S, d))


@case(B=3, H=6, K=2, T=4, S=7, d=5)
def masked(kata, draw, B, H, K, T, S, d):
    """obeys masks that differ by sequence and query, given as views"""
    q, k, v = draw.normal(B, T, H, d), draw.normal(B, S, K, d), draw.normal(S, K, d, B)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.permute(3, 1, 0, 2)
    random = draw.booleans(S, B, T).permute(1, 2, 0) | torch.arange(S).eq(2)
    same = draw.permutation(S).lt(4).expand(B, T, S)  # one row of memory for all
    return [kata.grouped_attention(q, k, v, mask) for mask in (random, same)]


@case(B=2, H=4, K=2, T=3, S=5, d=6)
def nowhere(kata, draw, B, H, K, T, S, d):
    """gives zeros to a query that may look nowhere, with gradients free of NaN"""
    q, k, v = (x.requires_grad_() for x in drawn(draw, B, H, K, T, S, d))
    mask = (
        draw.booleans(B, T, S) & (torch.arange(T) != 1)[:, None] | (torch.arange(T) == 2)[:, None]
    )
    y = kata.grouped_attention(q, k, v, mask=mask)
    draw.backward(y)
    nothing = kata.grouped_attention(q, k, v, draw.booleans(B, T, S, p=0.0))
    return {"output": y, "q": q.grad, "k": k.grad, "v": v.grad, "nothing": nothing}


@case(B=2, H=6, K=2, T=3, S=4, d=5)
def core_gradients(kata, draw, B, H, K, T, S, d):
    """adds the gradients of a whole group in the keys and values it shares"""
    q, k, v = (x.requires_grad_() for x in drawn(draw, B, H, K, T, S, d))
    draw.backward(kata.grouped_attention(q, k, v))
    return {"q": q.grad, "k": k.grad, "v": v.grad}


@case(B=2, H=4, K=2, T=3, S=5, d=6, scale=1.0)
@case(B=1, H=6, K=2, T=4, S=3, d=5, scale=120.0)
def float64(kata, draw, B, H, K, T, S, d, scale):
    """keeps double precision, and stays finite and blind when the scores are huge"""
    q, k, v = drawn(draw, B, H, K, T, S, d, scale=scale, dtype="float64")
    one = torch.arange(S).eq(1).expand(B, T, S)
    return {"whole": kata.grouped_attention(q, k, v), "one": kata.grouped_attention(q, k, v, one)}


@case(B=2, H=6, K=2, T=3, S=4, d=5)
def half(kata, draw, B, H, K, T, S, d):
    """works in half precision, the layer too, and returns the dtype that it is given"""
    qkv, mask = drawn(draw, B, H, K, T, S, d, dtype="float16"), draw.booleans(B, T, S, p=0.7)
    layer = draw.weights(kata.GroupedQueryAttention(H * d, H, K), dtype="float16")
    heads = [kata.grouped_attention(*qkv, m) for m in (None, mask)]
    return heads, layer(draw.normal(B, T, H * d, dtype="float16"))


@case(B=1, H=16, K=2, T=5, S=600, d=64, budget={"peak": 9})
def long_context(kata, draw, B, H, K, T, S, d):
    """does not hold keys and values repeated for every query head"""
    q, k, v = drawn(draw, B, H, K, T, S, d)
    with draw.measured():
        return kata.grouped_attention(q, k, v)


@case(B=2, T=5, d_model=12, n_heads=6, n_kv_heads=3)
@case(B=3, T=4, d_model=20, n_heads=4, n_kv_heads=1)
@case(B=1, T=520, d_model=4, n_heads=2, n_kv_heads=1)
@case(B=1, T=1, d_model=8, n_heads=2, n_kv_heads=2)
def layer(kata, draw, B, T, d_model, n_heads, n_kv_heads):
    """attends to the past with few heads of keys and values"""
    layer = draw.weights(kata.GroupedQueryAttention(d_model, n_heads, n_kv_heads))
    return {"output": layer(draw.normal(B, T, d_model)), "saved": sorted(layer.state_dict())}


@case(B=3, T=6, d_model=8, n_heads=4, n_kv_heads=2)
def padding(kata, draw, B, T, d_model, n_heads, n_kv_heads):
    """never looks at padding: behind, in front, in between, or everywhere"""
    layer = draw.weights(kata.GroupedQueryAttention(d_model, n_heads, n_kv_heads))
    x = draw.normal(T, B, d_model).transpose(0, 1).requires_grad_()
    right = (torch.arange(T)[:, None] >= draw.integers(B, low=2, high=T)).T  # not contiguous
    some = draw.permutation(T).lt(2).expand(B, T)  # one row of memory for the whole batch
    found = [layer(x, mask) for mask in (right, right.flip(-1), some, torch.ones_like(some))]
    draw.backward(*found)
    return {"outputs": found, **draw.gradients(layer)}


@case(B=2, T=5, d_model=18, n_heads=6, n_kv_heads=2)
@case(B=1, T=3, d_model=8, n_heads=4, n_kv_heads=4)
def gradients(kata, draw, B, T, d_model, n_heads, n_kv_heads):
    """passes the right gradients to the input and every weight"""
    layer = draw.weights(kata.GroupedQueryAttention(d_model, n_heads, n_kv_heads))
    x = draw.normal(B, T, d_model).requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(B=2, T=3, d_model=12, n_heads=4, n_kv_heads=2)
def device(kata, draw, B, T, d_model, n_heads, n_kv_heads):
    """makes nothing on another device than its inputs'"""
    layer = draw.meta.weights(kata.GroupedQueryAttention(d_model, n_heads, n_kv_heads))
    x = draw.meta.normal(B, T, d_model)
    return layer(x), layer(x, padding=draw.meta.booleans(B, T))


@case(H=5, K=2, raises=ValueError)
@case(H=2, K=4, raises=ValueError)
def uneven_heads(kata, draw, H, K):
    """refuses query heads that do not form even groups"""
    kata.grouped_attention(*drawn(draw, 2, H, K, 3, 4, 6))


@case(d_model=10, n_heads=4, n_kv_heads=2, raises=ValueError)
@case(d_model=12, n_heads=6, n_kv_heads=4, raises=ValueError)
@case(d_model=12, n_heads=2, n_kv_heads=4, raises=ValueError)
def indivisible(kata, draw, d_model, n_heads, n_kv_heads):
    """refuses a width or a number of heads that cannot be shared out evenly"""
    kata.GroupedQueryAttention(d_model, n_heads, n_kv_heads)
