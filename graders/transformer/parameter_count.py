"""What parameter_count must do."""

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="How many parameters has a Transformer with these sizes? Write the closed form.",
    asked_zh="给定各项尺寸，Transformer 有多少参数？写出计算公式。",
    hints=(
        "Count one linear layer, with and without its bias. What do heads change about the "
        "shapes of the four projections?",
        "List the blocks of one layer of each kind, and remember that each block brings a norm. "
        "What is left of a decoder layer when no encoder exists?",
        "Work out attention, feed-forward and norm once. Multiply by how often each occurs, add "
        "the norm at the end of each stack, and the embeddings once or twice.",
    ),
    follow_ups={
        "What is the rule of thumb?": (
            "12·n_layers·d_model² for a decoder-only model with d_ff = 4·d_model: four matrices in "
            "attention and eight in the feed-forward block. With d_model = 12288 and 96 layers "
            "that is 174 billion, nearly all of GPT-3."
        ),
        "How do you get from parameters to training memory?": (
            "Mixed precision with Adam takes about 16 bytes a parameter: two each for weights and "
            "gradients in half precision, and four each for the float32 copy and Adam's two "
            "moments. Activations come on top."
        ),
        "And to the operations of training?": (
            "About 6·N per token: two in the forward pass (multiply and add), four in the backward "
            "pass, for N parameters in matrices; attention scores add to that, in proportion to "
            "the length."
        ),
        "What changes with grouped-query attention and SwiGLU?": (
            "Keys and values shrink to n_kv_heads · d_head outputs, so attention has 2·d² + "
            "2·d·n_kv_heads·d_head weights. SwiGLU has three matrices of d_model × d_ff, usually "
            "with a smaller d_ff."
        ),
        "When does tying matter?": (
            "When the vocabulary is large beside the rest: with 37000 tokens and width 512 the "
            "matrix is 19 million numbers, three tenths of the base Transformer. In a model of 70 "
            "billion it is one or two percent at most."
        ),
    },
    source="Vaswani et al. 2017, arXiv:1706.03762, §3.1–3.4",
)


@case(sizes=(11, 12, 3, 17), layers=(2, 3))
@case(sizes=(37000, 512, 8, 2048), layers=(6, 5))
@case(sizes=(7, 1, 1, 1), layers=(1, 1))
def both(kata, draw, sizes, layers):
    """counts an encoder with a decoder"""
    return [kata.parameter_count(*sizes, *layers, tied=tied) for tied in (True, False)]


@case(sizes=(13, 10, 5, 21), layers=(0, 2))
@case(sizes=(50257, 12288, 96, 49152), layers=(0, 96))
@case(sizes=(9, 6, 2, 16), layers=(3, 0))
@case(sizes=(5, 4, 4, 7), layers=(0, 0))
def one_stack(kata, draw, sizes, layers):
    """leaves out what belongs to a stack without layers"""
    return [kata.parameter_count(*sizes, *layers, tied=tied) for tied in (True, False)]


@case(sizes=(23, 8, 2, 15), layers=(4, 3))
@case(sizes=(31, 9, 3, 14), layers=(0, 5))
def without_bias(kata, draw, sizes, layers):
    """leaves out biases and shifts when told so"""
    return [kata.parameter_count(*sizes, *layers, bias=False, tied=tied) for tied in (True, False)]


@case(models=9)
def any_sizes(kata, draw, models):
    """is right for sizes drawn at random"""
    counts = []
    for heads, width, vocab, inner, n, m in draw.numpy.integers(models, 6, low=1, high=40).tolist():
        sizes = (vocab, heads * width, heads, inner, n - 1, m - 1)
        counts.append(kata.parameter_count(*sizes, bias=n % 2 == 0, tied=m % 3 == 0))
    return counts


@case(sizes=(8_589_934_593, 300_000_003, 3, 100_000_007), layers=(3, 2))
def huge(kata, draw, sizes, layers):
    """is exact where a float is not"""
    return [kata.parameter_count(*sizes, *layers, bias=bias) for bias in (True, False)]


@case(d_model=10, n_heads=4, layers=(1, 1), raises=ValueError)
@case(d_model=9, n_heads=2, layers=(0, 0), raises=ValueError)
@case(d_model=5, n_heads=10, layers=(1, 1), raises=ValueError)
def indivisible(kata, draw, d_model, n_heads, layers):
    """refuses a width that the heads cannot share out evenly"""
    kata.parameter_count(5, d_model, n_heads, 8, *layers)
