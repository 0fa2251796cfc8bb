"""What rotary_embedding and rotary_attention must do."""

from dojo import Kata, case

kata = Kata(
    minutes=25,
    level="core",
    asked="Write rotary position embeddings with an offset in PyTorch, and use them in attention.",
    asked_zh="用 PyTorch 手写带位置偏移的旋转位置编码（RoPE），并用于注意力计算。",
    hints=(
        "Write the rotation of one pair of numbers by one angle as two equations. Which two "
        "features make a pair here, and how many angles does a vector of width 8 have?",
        "Make a matrix of angles, positions down and pairs across. Both halves of the vectors "
        "can then be turned at once, with two products each.",
        "Rotate queries and keys, each from its own first position on, and nothing else. Check "
        "three things: position 0 changes nothing, lengths stay, and shifting all positions by "
        "the same number leaves the scores alone.",
    ),
    follow_ups={
        "Why does the score depend on the distance only?": (
            "Rotations compose: (R_m q)·(R_n k) = q·(R_mᵀ R_n k) = q·(R_{n−m} k), since the "
            "transpose of a rotation turns the other way. So absolute angles cancel."
        ),
        "What is the difference between the half-split and the interleaved convention?": (
            "Only which features are paired, a fixed permutation of the features of q and k. It "
            "changes no score if the projections' rows are permuted alike, but weights trained "
            "with one convention give nonsense with the other."
        ),
        "How do you use it with a key–value cache?": (
            "Rotate each key once, at its own position, before it goes into the cache; a new "
            "query is rotated by its absolute position. Nothing that is cached has to change."
        ),
        "How is the context made longer than in training?": (
            "By slowing the rotation: dividing positions (linear interpolation), raising the "
            "base (NTK-aware), or treating fast and slow frequencies apart (YaRN), usually with a short "
            "fine-tuning."
        ),
        "What goes wrong in bfloat16?": (
            "It has 8 bits of precision, so positions above 256 are no longer exact and their "
            "angles are off by whole radians. Keep the table of cosines and sines in float32 until it is "
            "multiplied."
        ),
    },
    source="Su et al. 2021, arXiv:2104.09864, §3.2.2 and §3.4.2, with the pairing of GPT-NeoX",
)


@case(batch=(2, 3), T=5, d_head=8, offset=0)
@case(batch=(), T=4, d_head=6, offset=7)
@case(batch=(5,), T=3, d_head=10, offset=2)
@case(batch=(1,), T=1, d_head=2, offset=1)
def rotation(kata, draw, batch, T, d_head, offset):
    """turns each pair by the angle of its position, with any leading axes"""
    return kata.rotary_embedding(draw.normal(*batch, T, d_head), offset)


@case(T=4, d_head=6, offset=3, base=50.0)
def gradients(kata, draw, T, d_head, offset, base):
    """passes the right gradients through a view, and takes other bases"""
    x = draw.normal(T, 3, 2, d_head).requires_grad_()
    y = kata.rotary_embedding(x.movedim(0, 2), offset, base=base)
    draw.backward(y)
    return {"output": y, "x": x.grad}


@case(T=6, d_head=4, offset=3000)
def float64(kata, draw, T, d_head, offset):
    """keeps double precision, far positions included"""
    return kata.rotary_embedding(draw.normal(2, T, d_head, dtype="float64"), offset)


@case(T=4, S=5, d_head=6, d_v=3)
def defaults(kata, draw, T, S, d_head, d_v):
    """begins at position 0 and takes 10000 for the base unless told otherwise"""
    q, k = draw.normal(T, d_head, dtype="float64"), draw.normal(S, d_head, dtype="float64")
    attended = kata.rotary_attention(q, k, draw.normal(S, d_v, dtype="float64"))
    return {"rotated": kata.rotary_embedding(q), "attended": attended}


@case(T=5, d_head=6, offset=40000, dtype="bfloat16")
@case(T=6, d_head=10, offset=20001, dtype="float16")
def half(kata, draw, T, d_head, offset, dtype):
    """works out angles in single precision for inputs in half precision, and returns theirs"""
    x, v = draw.normal(2, T, d_head, dtype=dtype), draw.normal(2, T, 3, dtype=dtype)
    return kata.rotary_embedding(x, offset), kata.rotary_attention(x, x, v)


@case(T=5, d_head=6, offset=9)
def again(kata, draw, T, d_head, offset):
    """does not depend on the precision or the base of what was rotated before"""
    kinds = ("float16", "float32", "float64")
    found = [kata.rotary_embedding(draw.normal(T, d_head, dtype=kind), offset) for kind in kinds]
    return found, kata.rotary_embedding(draw.normal(T, d_head), offset, base=300.0)


@case(T=3, d_head=6)
def distance(kata, draw, T, d_head):
    """makes scores depend on the distance between positions only"""
    q, k = draw.normal(T, d_head, dtype="float64"), draw.normal(T, d_head, dtype="float64")
    shifts = ((0, 0), (4, 4), (4, 0), (11, 7), (0, 4))
    return [kata.rotary_embedding(q, a) @ kata.rotary_embedding(k, b).mT for a, b in shifts]


@case(batch=(2, 3), T=4, S=7, d_head=6, d_v=8, offset=0, base=10_000.0)
@case(batch=(2,), T=5, S=5, d_head=4, d_v=3, offset=6, base=10_000.0)
@case(batch=(), T=1, S=6, d_head=8, d_v=4, offset=5, base=100.0)
def attention(kata, draw, batch, T, S, d_head, d_v, offset, base):
    """rotates queries from the offset on, keys from zero on, and values not at all"""
    q, k = draw.normal(*batch, T, d_head), draw.normal(*batch, S, d_head)
    v = draw.normal(*batch, S, d_v)
    return kata.rotary_attention(q, k, v, offset, base)


@case(B=2, T=3, S=4, d_head=6, d_v=5, offset=2)
def attention_gradients(kata, draw, B, T, S, d_head, d_v, offset):
    """passes the right gradients to queries, keys and values"""
    q, k, v = draw.normal(B, T, d_head), draw.normal(B, S, d_head), draw.normal(B, S, d_v)
    for x in (q, k, v):
        x.requires_grad_()
    draw.backward(kata.rotary_attention(q, k, v, offset=offset))
    return {"q": q.grad, "k": k.grad, "v": v.grad}


@case(T=5, S=7, d_head=4)
def device(kata, draw, T, S, d_head):
    """makes its angles on the device of the input"""
    q, k = draw.meta.normal(2, T, d_head), draw.meta.normal(2, S, d_head)
    return kata.rotary_attention(q, k, kata.rotary_embedding(k), offset=3)


@case(d_head=5, raises=ValueError)
def odd_width(kata, draw, d_head):
    """refuses a width that cannot be split in pairs"""
    kata.rotary_embedding(draw.normal(2, 3, d_head))
