"""What sinusoidal_encoding must do."""

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="warmup",
    asked="Write the sinusoidal position encoding for any length and width in PyTorch.",
    asked_zh="用 PyTorch 手写正弦位置编码，支持任意长度与任意（含奇数）维度。",
    hints=(
        "How many different angles does a row have, if the width is 6, and if it is 7?",
        "Make one matrix of angles, positions down and frequencies across. Both its factors need "
        "more digits than the result does.",
        "Sine and cosine of that matrix have to be interleaved: stack them on a new last axis and "
        "flatten it, or fill every second column. Look after the width that is odd at the end.",
    ),
    follow_ups={
        "Why pairs of sine and cosine, and not sines alone?": (
            "For a fixed shift k, each pair at t + k is the pair at t rotated by an angle that "
            "depends on k only. So a linear map can turn a position into its neighbour, and dot "
            "products of two encodings depend on their distance alone."
        ),
        "Why the geometric progression of wavelengths?": (
            "They go from 2π to nearly base · 2π. Fast columns tell neighbours apart, slow ones "
            "tell far positions apart: like the digits of a number, but smooth."
        ),
        "Does a Transformer with this encoding work on longer texts than it was trained on?": (
            "It can be computed for any position, but in practice quality falls quickly: the "
            "network has never seen those combinations. ALiBi or rescaled rotary embeddings "
            "do better."
        ),
        "Why are token embeddings multiplied by √d_model before the encoding is added?": (
            "The encoding has entries of size about 0.7. Embeddings that start with variance "
            "1/d_model, since the output layer shares them, would drown in it."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.5",
)


@case(T=9, d_model=8)
@case(T=5, d_model=2)
@case(T=1, d_model=6)
@case(T=0, d_model=4)
def encoding(kata, draw, T, d_model):
    """matches the equation"""
    return kata.sinusoidal_encoding(T, d_model)


@case(T=7, d_model=5)
@case(T=4, d_model=11)
@case(T=3, d_model=1)
def odd_width(kata, draw, T, d_model):
    """ends with a sine where the width is odd"""
    return kata.sinusoidal_encoding(T, d_model)


@case(tables=6)
def other_base(kata, draw, tables):
    """takes its longest wavelength from the base, whatever that and the sizes are"""
    sizes = draw.numpy.integers(tables, 2, low=3, high=20).tolist()
    bases = (draw.numpy.uniform(tables, low=1.5, high=45.0) ** 2).tolist()
    pairs = zip(sizes, bases, strict=True)
    return [kata.sinusoidal_encoding(T, d_model, base=base) for (T, d_model), base in pairs]


@case(T=5, d_model=6)
def again(kata, draw, T, d_model):
    """does not depend on what was asked for before"""
    calls = ((T, 10_000.0), (T + 3, 10_000.0), (T, 20.0), (T, 10_000.0))
    return [kata.sinusoidal_encoding(t, d_model, base) for t, base in calls]


@case(T=200_000, d_model=7)
@case(T=1_000_000, d_model=2)
def far(kata, draw, T, d_model):
    """is exact at far positions"""
    return kata.sinusoidal_encoding(T, d_model)[:: T // 97]


@case(T=4, d_model=6)
def device(kata, draw, T, d_model):
    """makes the encoding on the device that is named"""
    x = draw.meta.normal(T, d_model)
    return str(kata.sinusoidal_encoding(T, d_model, device=x.device).device)
