"""What flash_attention must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=45,
    level="hard",
    asked="Write the forward pass of flash attention in PyTorch: tiles and an online softmax.",
    asked_zh="用 PyTorch 手写 FlashAttention 的前向计算：分块与在线 softmax，不得保存完整的分数矩阵。",
    hints=(
        "Forget the matrix product for a moment: how do you compute the softmax-weighted mean of a "
        "stream of (score, value) pairs, seen once each, when scores may be huge? Which three "
        "numbers do you remember?",
        "For each query keep the largest score so far, the sum of exp(score − largest) and the "
        "same sum with the values as factors. When a larger score arrives, both sums are relative "
        "to the wrong maximum: by which factor?",
        "Two loops, over tiles of queries and of keys. Inside: scores of one tile, hide what "
        "is not to be seen, new maximum, correction factor, both sums; after the last tile of keys "
        "one division. Then go through what happens while a query has seen no key at all.",
    ),
    follow_ups={
        "Why is it faster, although it does not save any arithmetic?": (
            "Attention is bound by memory traffic, not by arithmetic. The scores never leave the "
            "fast on-chip memory, so the T² matrix is neither written to the GPU's main memory nor "
            "read back for the softmax and again for the product with V."
        ),
        "What does it cost in time, in memory and in memory traffic?": (
            "O(T²·d) operations as before and O(T·d) memory. With on-chip memory of M numbers, "
            "O(T²·d²/M) reads and writes of main memory against O(T·d + T²): with d around 100 and "
            "M around 100 000, several times fewer."
        ),
        "How does the backward pass manage without the weights?": (
            "It keeps the output and one number per query, the log-sum-exp of its scores, and "
            "computes the weights of each tile again as exp(score − log-sum-exp). More arithmetic, "
            "far less memory traffic."
        ),
        "Which tiles can be skipped with a causal mask?": (
            "All whose first key lies behind the last query's place, which is nearly half of them. "
            "Only the tiles on the diagonal need a mask at all; those before it are fully visible."
        ),
        "Is it an approximation?": (
            "No. It is the same sum in another order, so only rounding differs. Because the maximum "
            "is subtracted as in a stable softmax, it does not overflow either."
        ),
        "How would you spread one long row of keys over several workers?": (
            "Let each take a range of keys and return its weighted mean with its log-sum-exp. These "
            "merge like the tiles do, in any order: weigh each mean by exp(its log-sum-exp − that "
            "of all). That is what decoding with a long cache needs, where there is one query only."
        ),
    },
    source="Dao et al. 2022, arXiv:2205.14135, §3.1, algorithm 1; Milakov and Gimelshein 2018, "
    "arXiv:1805.02867, algorithm 3",
    needs=("attention/self_attention",),
    forbids=(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.MultiheadAttention",
        "torch.nn.functional.multi_head_attention_forward",
    ),
)


def inputs(draw, B, H, Tq, Tk, d, d_v, **kind):
    return (
        draw.normal(B, H, Tq, d, **kind),
        draw.normal(B, H, Tk, d, **kind),
        draw.normal(B, H, Tk, d_v, **kind),
    )


@case(B=2, H=3, Tq=10, Tk=13, d=5, d_v=7, tile=4)
@case(B=3, H=2, Tq=8, Tk=12, d=6, d_v=5, tile=4)
@case(B=1, H=2, Tq=3, Tk=5, d=4, d_v=6, tile=1)
@case(B=1, H=1, Tq=1, Tk=1, d=3, d_v=2, tile=8)
def output(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """matches the equation, with whole tiles, shorter last ones and one that holds everything"""
    return kata.flash_attention(*inputs(draw, B, H, Tq, Tk, d, d_v), tile=tile)


@case(B=2, H=3, Tq=11, Tk=11, d=4, d_v=5, tile=3)
@case(B=1, H=2, Tq=5, Tk=14, d=6, d_v=3, tile=4)
@case(B=2, H=1, Tq=13, Tk=7, d=3, d_v=4, tile=5)
def causal(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """hides the future, counted from the last key, and gives zeros to a query without a past"""
    return kata.flash_attention(*inputs(draw, B, H, Tq, Tk, d, d_v), tile=tile, causal=True)


@case(B=4, H=2, Tq=6, Tk=11, d=5, d_v=3, tile=3)
@case(B=4, H=3, Tq=9, Tk=10, d=4, d_v=6, tile=2, causal=True)
def padding(kata, draw, B, H, Tq, Tk, d, d_v, tile, causal=False):
    """does not see padding: on the right, on the left for whole tiles, scattered, everywhere"""
    q, k, v = inputs(draw, B, H, Tq, Tk, d, d_v)
    place = torch.arange(Tk)
    scattered = draw.booleans(Tk, p=0.4)
    rows = (place >= Tk - 4, place < 7, scattered, place >= 0)
    return kata.flash_attention(q, k, v, tile=tile, causal=causal, padding=torch.stack(rows))


@case(B=2, H=3, Tq=7, Tk=14, d=4, d_v=5, tile=4)
def views(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """takes tensors that are views of others, in whatever order their memory is"""
    q, k = draw.normal(B, Tq, H, d).transpose(1, 2), draw.normal(H, B, d, Tk).permute(1, 0, 3, 2)
    v = draw.normal(B, 1, Tk, d_v).expand(B, H, Tk, d_v)
    padding = (draw.permutation(Tk) < 1) | (torch.arange(Tk) // tile == 2)  # nobody sees that tile
    padding = padding.expand(B, Tk)
    return kata.flash_attention(q, k, v, tile=tile, causal=True, padding=padding)


@case(B=2, H=3, Tq=9, Tk=11, d=5, d_v=6, tile=4)
def float64(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """keeps double precision"""
    q, k, v = inputs(draw, B, H, Tq, Tk, d, d_v, dtype="float64")
    return kata.flash_attention(3.0 * q, k, v, tile=tile, causal=True)


@case(B=2, H=3, Tq=6, Tk=23, d=4, d_v=5, tile=5)
def huge_scores(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """stays finite when scores rise to or fall from the ten thousands, or are all far below zero"""
    q, k, v = inputs(draw, B, H, Tq, Tk, d, d_v, dtype="float64")
    slope = torch.linspace(-1.0, 1.0, Tk, dtype=torch.float64)[:, None]
    ahead = q.abs() + 1.0
    last = torch.arange(Tk).eq(Tk - 1).expand(B, Tk)

    def attend(k):
        return kata.flash_attention(ahead, k, v, tile=tile, padding=last)

    return {
        "rising": attend(k + 2e4 * slope),
        "falling": attend(k - 2e4 * slope),
        "below zero": attend(1e9 * k - 2e10),
    }


@case(B=2, H=3, Tq=5, Tk=12, d=4, d_v=6, tile=5, dtype="float16", scale=180.0, low=200.0)
@case(B=1, H=2, Tq=4, Tk=700, d=3, d_v=5, tile=7, dtype="bfloat16", scale=0.5)
@case(B=1, H=2, Tq=3, Tk=19, d=6, d_v=4, tile=8, dtype="float16", scale=0.5, value=2e4)
def half(kata, draw, B, H, Tq, Tk, d, d_v, tile, dtype, scale, value=1.0, low=0.0):
    """computes half precision in float32, so that neither scores nor long sums suffer"""
    q, k = (draw.normal(B, H, T, d, scale=scale, dtype=dtype) for T in (Tq, Tk))
    v = draw.uniform(B, H, Tk, d_v, low=value, high=2 * value, dtype=dtype)
    found = [kata.flash_attention(q, k, v, tile=tile)]
    if low:  # no score that float16 could hold
        found.append(kata.flash_attention(q.abs() + low, -k.abs() - low, v, tile=tile))
    return found


@case(Tq=150, Tk=3205, d=2, d_v=1, tile=64, budget={"peak": 6.5})
def memory(kata, draw, Tq, Tk, d, d_v, tile):
    """needs the same few tiles however many keys there are, with a causal mask and padding"""
    q, k, v = inputs(draw, 1, 1, Tq, Tk, d, d_v)
    padding = draw.booleans(1, Tk, p=0.2)
    with draw.measured():
        return kata.flash_attention(q, k, v, tile=tile, causal=True, padding=padding)


@case(B=2, H=3, Tq=3, Tk=5, d=4, d_v=6, tile=3)
def device(kata, draw, B, H, Tq, Tk, d, d_v, tile):
    """makes every tensor on the device of its inputs"""
    q, k, v = inputs(draw.meta, B, H, Tq, Tk, d, d_v)
    padding = draw.meta.booleans(B, Tk)
    return kata.flash_attention(q, k, v, tile=tile, causal=True, padding=padding)
