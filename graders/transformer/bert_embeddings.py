"""What BertEmbeddings must do."""

import torch

from dojo import Kata, case, samples

kata = Kata(
    minutes=20,
    level="core",
    asked="Write BERT's input embeddings: token, segment and position, with norm and dropout.",
    asked_zh="手写 BERT 的输入嵌入层：词、段、位置三种嵌入相加，再做 LayerNorm 和 dropout。",
    hints=(
        "Three questions about a token, three tables. What does each of them look up, and how "
        "are the answers joined without growing wider?",
        "Two of the three indices are handed in. Where does the third come from, and on which "
        "device must it be made?",
        "Refuse rows that are too long, fill in missing segments, count positions along the row, "
        "add the three vectors, normalise once, drop last.",
    ),
    follow_ups={
        "Why add and not concatenate?": (
            "The width stays d_model at no cost. It loses little: a linear layer after a "
            "concatenation is a sum of linear maps of its parts, so the sum is that with tied "
            "matrices, and in a wide space the parts can use nearly orthogonal directions."
        ),
        "What if a text is longer than max_len?": (
            "No vector was learnt for later positions. One cuts, slides a window, interpolates the "
            "table and fine-tunes, or uses relative or rotary positions from the start."
        ),
        "Does every BERT-like model use segments?": (
            "RoBERTa dropped next-sentence prediction and has only one segment; DistilBERT has no "
            "such table. Separator tokens alone can mark where the second sentence begins."
        ),
        "Why may padding be embedded at all?": (
            "Attention masks its key, so no other token sees it, and the loss ignores its row. "
            "Libraries often fix its vector at zero (padding_idx); the norm after the sum makes "
            "that no zero anyway."
        ),
        "How many parameters is that in BERT base?": (
            "(30522 + 512 + 2) · 768 in the tables and 2 · 768 in the norm: 23.8 million of 110 million."
        ),
    },
    source="Devlin et al. 2019, arXiv:1810.04805, §3, fig. 2",
)


def segments(draw, B, T):
    """Return segments that begin with 0 and go over to 1, as a view."""
    return (torch.arange(T)[:, None] >= draw.integers(B, low=1, high=T + 1)).long().T


@case(B=3, T=5, V=9, d=6, max_len=8)
@case(B=2, T=7, V=4, d=5, max_len=7)
@case(B=1, T=1, V=3, d=4, max_len=2)
def output(kata, draw, B, T, V, d, max_len):
    """adds three vectors for each token and normalises the sum, with the right gradients"""
    layer = draw.weights(kata.BertEmbeddings(V, d, max_len, dropout=0.0))
    input_ids = draw.integers(T, B, high=V).T * (torch.arange(T) != T - 2)  # some are token 0
    y = layer(input_ids, segments(draw, B, T))
    draw.backward(y)
    return {"y": y, **draw.gradients(layer)}


@case(B=2, T=4, V=7, d=5, max_len=6)
def one_segment(kata, draw, B, T, V, d, max_len):
    """takes the first segment where none is given"""
    layer = draw.weights(kata.BertEmbeddings(V, d, max_len, n_segments=3)).eval()
    return layer(draw.integers(B, T, high=V))


@case(T=3, V=7, d=4)
def longer(kata, draw, T, V, d):
    """takes another number of tokens at each call"""
    layer = draw.weights(kata.BertEmbeddings(V, d, max_len=T + 2)).eval()
    return [layer(draw.integers(2, length, high=V)) for length in (T, T + 2, T - 1)]


@case(B=3, T=6, V=8, d=4, n_segments=4)
def many_segments(kata, draw, B, T, V, d, n_segments):
    """takes any segment for any token, and drops nothing in evaluation mode"""
    layer = draw.weights(kata.BertEmbeddings(V, d, 9, n_segments, dropout=0.7)).eval()
    return layer(draw.integers(B, T, high=V), draw.integers(B, T, high=n_segments))


@case(T=2, d=3, dropout=0.4)
@case(T=2, d=3, dropout=None)  # the default
def training(kata, draw, T, d, dropout):
    """drops elements of the normalised sum, each on its own, in training mode"""
    given = {} if dropout is None else {"dropout": dropout}
    layer = draw.weights(kata.BertEmbeddings(5, d, 4, **given)).train()
    return samples(layer(draw.integers(T, high=5).expand(4000, T)).detach())


@case(V=6, d=4, max_len=5)
def saved(kata, draw, V, d, max_len):
    """saves three tables and a norm"""
    state = kata.BertEmbeddings(V, d, max_len, 1).state_dict()
    return {name: tuple(value.shape) for name, value in state.items()}


@case(B=2, T=4, V=6, d=7)
def float64(kata, draw, B, T, V, d):
    """keeps double precision, with an eps of 10⁻¹²"""
    layer = draw.weights(kata.BertEmbeddings(V, d, 5), dtype="float64").eval()
    return layer(draw.integers(B, T, high=V), segments(draw, B, T))


@case(B=2, T=3, V=6, d=4)
def devices(kata, draw, B, T, V, d):
    """makes its indices on the device of its inputs, and stays there"""
    layer, seen = draw.meta.weights(kata.BertEmbeddings(V, d, 5)), {}
    for name in ("token_type_embeddings", "position_embeddings"):
        # torch itself looks indices of any device up in a table without values
        seen[name] = on = ["meta"]
        getattr(layer, name).register_forward_pre_hook(
            lambda _, ids, on=on: on.append(str(ids[0].device))
        )
    y = layer(draw.meta.integers(B, T, high=V))
    return {"y": y, **{name: sorted(set(on)) for name, on in seen.items()}}


@case(T=6, max_len=5, raises=ValueError)
def too_long(kata, draw, T, max_len):
    """refuses more tokens than there are positions"""
    kata.BertEmbeddings(8, 4, max_len)(draw.integers(2, T, high=8))
