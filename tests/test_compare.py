"""A right answer passes in any style, and a wrong one does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dojo.compare import FALSE_ALARM, compare, distances, ordinary, precision, rows, wrong_places
from dojo.draw import Draw
from dojo.kata import samples
from dojo.wire import Node, Other, Sampled, Tuple, encode

Make = Callable[[np.random.Generator], Any]


def kinds(expected: Any, got: Any, nudged: Any = None) -> list[str]:
    """Return in what ways an answer is not right."""
    return [found.kind for found in compare(encode(expected), encode(got), encode(nudged))]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


# Right in another style

Y = normal(3, 4, dtype=torch.float32)


STYLES: list[tuple[Any, ...]] = [
    (Y, Y.clone()),
    (Y, Y.mT.contiguous().mT),
    (Y, torch.nn.Parameter(Y)),
    ((1, 2), [1, 2]),
    ([1, 2], (1, 2)),
    ([1, 2], np.array([1, 2])),
    ([1, 2], np.array([1, 2], dtype=np.int32)),
    ([1, 2], torch.tensor([1, 2])),
    ([1, 2], [np.int64(1), np.int32(2)]),
    ([0.5, 0.25], np.array([0.5, 0.25])),
    ([], np.array([])),
    ([[1, 2], [3]], [np.array([1, 2]), (3,)]),
    (3, np.int64(3)),
    (np.int64(3), 3),
    (3.0, 3),
    (3.0, np.int64(3)),
    (0.1, np.float64(0.1)),
    (np.float64(0.1), 0.1),
    (np.float32(0.1), 0.1),
    (0.1, np.array(0.1)),
    (0.0, -0.0),
    (1e-30, 1.0000000001e-30),
    (True, np.bool_(True)),
    (np.bool_(True), True),
    ("a", np.str_("a")),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (float("nan"), float("nan")),
    (float("-inf"), -math.inf),
    (None, None),
    (torch.zeros(0, 3), torch.zeros(0, 3)),
    (torch.tensor([1.0, torch.nan, -torch.inf]), torch.tensor([1.0, torch.nan, -torch.inf])),
    ((torch.ones(2), torch.ones(2)), torch.return_types.max((torch.ones(2), torch.ones(2)))),
    (tuple(Y.shape), Y.shape),
    (Y.to("meta"), torch.empty(3, 4, device="meta")),
]


@pytest.mark.parametrize(("expected", "got"), STYLES, ids=range(len(STYLES)))
def test_style_does_not_count(expected: Any, got: Any) -> None:
    assert [] == kinds(expected, got)


WRONG: list[tuple[Any, ...]] = [
    (Y, Y.double(), "dtype"),
    (Y, Y[None], "shape"),
    (Y, Y.mT, "shape"),
    (Y, Y.numpy(), "type"),
    (Y.numpy(), Y, "type"),
    (Y, Y.tolist(), "type"),
    (Y, Y.to("meta"), "type"),
    (Y.to("meta"), Y, "type"),
    (Y.to("meta"), torch.empty(4, 3, device="meta"), "shape"),
    (Y, None, "type"),
    (None, 0, "type"),
    (1, True, "type"),
    (True, 1, "type"),
    (False, None, "type"),
    (1, 1.0, "type"),
    (1, "1", "type"),
    (1.0, "1.0", "type"),
    (1.0, True, "type"),
    (1.0, torch.tensor(1.0), "type"),
    (1, 2, "values"),
    (2**62, 2**62 + 1, "values"),
    (0.1, 0.1000001, "values"),
    (0.0, 1e-4, "values"),
    (1e-30, 0.0, "values"),
    (1e-30, 1.0001e-30, "values"),
    (0.1, float("nan"), "values"),
    (float("nan"), 0.1, "values"),
    (0.1, float("inf"), "values"),
    (float("inf"), float("-inf"), "values"),
    (float("inf"), 1e308, "values"),
    ("a", "b", "values"),
    ("a", "a ", "values"),
    (True, False, "values"),
    ([1, 2], [1], "length"),
    ([1, 2], np.array([1]), "type"),
    ([1, 2], np.array([[1, 2]]), "type"),
    ([1, 2], np.array([True, True]), "type"),
    ([1, 2], torch.empty(2, device="meta"), "type"),
    ([1], {1}, "type"),
    ({1}, {1}, "type"),  # two sets may differ: an observation may hold none
    ({"a": 1}, {"a": 1, "b": 2}, "extra"),
    ({"a": 1}, {}, "missing"),
    ({"a": 1}, [("a", 1)], "type"),
    (torch.tensor([1, 2]), torch.tensor([1, 3]), "values"),
    (torch.tensor([2**62]), torch.tensor([2**62 + 1]), "values"),
    (torch.tensor([True]), torch.tensor([False]), "values"),
    (torch.tensor([True]), torch.tensor([1]), "dtype"),
    (torch.tensor([1.0]), torch.tensor([torch.nan]), "values"),
    (torch.tensor([torch.nan]), torch.tensor([1.0]), "values"),
    (torch.tensor([-torch.inf, 1.0]), torch.tensor([1.0, -torch.inf]), "values"),
    (torch.tensor([-torch.inf, 1.0]), torch.tensor([torch.inf, 1.0]), "values"),
    (torch.tensor([-torch.inf, 1.0]), torch.tensor([-3e38, 1.0]), "values"),
    (torch.tensor([1e-12, 2e-12]), torch.zeros(2), "values"),
    (torch.tensor([1e-12, 2e-12]), torch.tensor([2e-12, 1e-12]), "values"),
    (torch.tensor([1j]), torch.tensor([-1j]), "values"),
]


@pytest.mark.parametrize(("expected", "got", "kind"), WRONG, ids=range(len(WRONG)))
def test_anything_else_counts(expected: Any, got: Any, kind: str) -> None:
    assert kind in kinds(expected, got)
    assert [] == kinds(expected, expected) or type(expected) is set


def test_length_of_an_array_for_a_list_is_judged_before_its_values() -> None:
    """Nobody makes us turn thirty million numbers into Python's."""
    assert ["type"] == kinds([1, 2], np.zeros(3 * 10**6))


def test_every_wrong_leaf_is_reported_with_its_path_in_order() -> None:
    expected = {"a": [1, {"b": 2.0}], "c": 3, "d": 4}
    got = {"z": 0, "d": 5, "a": [9, {"b": 9.0}], "y": 0}

    found = compare(encode(expected), encode(got))

    assert ["a[0]", "a[1].b", "c", "d", "z", "y"] == [mismatch.path for mismatch in found]


# Rounding


def attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, style: str = "plain"
) -> torch.Tensor:
    if style == "plain":
        return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
    if style == "scaled first":
        scores = torch.einsum("...qd,...kd->...qk", q * q.shape[-1] ** -0.5, k)
        weights = torch.exp(scores - scores.logsumexp(-1, keepdim=True))
        return torch.einsum("...qk,...kd->...qd", weights, v)
    if style == "online":
        top = torch.full(q.shape[:-1], -torch.inf, dtype=q.dtype)
        total, out = torch.zeros_like(top), torch.zeros_like(q)
        for i in range(k.shape[-2]):
            score = (q * k[..., i : i + 1, :]).sum(-1) / q.shape[-1] ** 0.5
            new = torch.maximum(top, score)
            decay, weight = (top - new).exp(), (score - new).exp()
            total = total * decay + weight
            out = out * decay[..., None] + weight[..., None] * v[..., i : i + 1, :]
            top = new
        return out / total[..., None]
    wide = [x.double() for x in (q, k, v)]
    return attention(*wide).to(q.dtype)


def drawn(seed: int, dtype: str, nudge: bool = False) -> list[torch.Tensor]:
    draw = Draw(seed, nudge=nudge)
    return [draw.normal(2, 7, 16, dtype=dtype) for _ in range(3)]  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("style", ["scaled first", "online", "wide"])
def test_another_order_of_operations_is_right(dtype: str, style: str) -> None:
    for seed in range(10):
        q, k, v = drawn(seed, dtype)
        nudged = attention(*drawn(seed, dtype, nudge=True))
        assert [] == kinds(attention(q, k, v), attention(q, k, v, style), nudged)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda q, k, v: attention(q * 1.5, k, v),
        lambda q, k, v: (q @ k.mT).softmax(-1) @ v,
        lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(-2) @ v,
        lambda q, k, v: attention(k, q, v),
        lambda q, k, v: attention(q, k, v) + 0.3,
    ],
    ids=["temperature", "unscaled", "axis", "swapped", "offset"],
)
def test_another_formula_is_wrong(dtype: str, wrong: Callable[..., Any]) -> None:
    for seed in range(10):
        q, k, v = drawn(seed, dtype)
        nudged = attention(*drawn(seed, dtype, nudge=True))
        assert ["values"] == kinds(attention(q, k, v), wrong(q, k, v), nudged)


def test_single_precision_on_the_way_to_a_double_is_wrong() -> None:
    for seed in range(10):
        q, k, v = drawn(seed, "float64")
        nudged = attention(*drawn(seed, "float64", nudge=True))
        got = attention(q.float(), k.float(), v.float()).double()
        assert ["values"] == kinds(attention(q, k, v), got, nudged)


def variance(x: Any, style: str) -> Any:
    return x.var(unbiased=False) if style == "two passes" else (x * x).mean() - x.mean() ** 2


@pytest.mark.parametrize("offset", [0, 30, 300])
def test_nudge_allows_what_rounding_costs_an_ill_conditioned_result(offset: int) -> None:
    """Where the inputs' own rounding moves the result, the answer's may move it as much."""
    refused = 0
    for seed in range(50):
        x, near = (Draw(seed, nudge=n).normal(200).add(offset) for n in (False, True))
        moved = x + (near - x)
        expected, got = variance(x, "two passes"), (x - x.mean()).pow(2).mean()
        assert [] == kinds(expected, got, variance(moved, "two passes"))
        refused += kinds(expected, expected * 1.05) == ["values"]
    assert 50 == refused


def test_nudge_decides_how_far_a_result_may_be_off() -> None:
    y = torch.tensor([1.0, 2.0])
    near, got = torch.tensor([1.0, 2.001]), torch.tensor([1.003, 2.0])

    assert ["values"] == kinds(y, got)
    assert [] == kinds(y, got, near)
    assert ["values"] == kinds(y, got * 1.01, near)
    assert [] == kinds([1.0, {"a": 2.0}], [1.0, {"a": 2.003}], [1.0, {"a": 2.001}])
    assert ["values"] == kinds([1.0, {"a": 2.0}], [1.0, {"a": 2.003}], [1.0, {"a": 2.0}])


@pytest.mark.parametrize(
    "nudged",
    [None, 1, torch.ones(3), torch.tensor([1.0, torch.nan]), torch.tensor([1, 2]), [1.0, 2.0]],
    ids=str,
)
def test_nudged_run_of_another_form_allows_nothing(nudged: Any) -> None:
    y = torch.tensor([1.0, 2.0])

    assert [] == kinds(y, y.clone(), nudged)
    assert ["values"] == kinds(y, torch.tensor([1.0, 2.003]), nudged)


def test_whole_numbers_get_no_slack() -> None:
    assert ["values"] == kinds(torch.tensor([1, 5]), torch.tensor([1, 6]), torch.tensor([1, 9]))
    assert ["values"] == kinds(5, 6, 9)


@pytest.mark.parametrize("mask", [-1e9, -1e4, torch.finfo(torch.float32).min])
def test_stand_in_for_infinity_does_not_hide_errors_beside_it(mask: float) -> None:
    scores = normal(4, 4, dtype=torch.float32).masked_fill(torch.ones(4, 4).triu(1) > 0, mask)
    near = scores + torch.where(scores > -100, 1e-7, 64.0)

    assert [] == kinds(scores, scores * (1 - 1e-7), near)
    assert ["values"] == kinds(scores, scores + (scores > -100) * 1e-3, near)
    assert ["values"] == kinds(scores, scores.clamp(min=-1e3), near)


def test_values_of_any_common_spread_are_all_ordinary() -> None:
    for values in ([1e4, 2e4, 3e3], [0.0, 1.0, 1e-30], [1.0, 500.0], [0.0, 1e9], [-1e9, 1e9]):
        assert ordinary(np.array(values)).all()
    assert [True, True, False] == ordinary(np.array([1.0, -2.0, -1e9])).tolist()
    assert [True, False, False] == ordinary(np.array([1.0, np.nan, -np.inf])).tolist()


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (0.1, "float64"),
        (1 / 3, "float64"),
        (float(np.float32(0.1)), "float32"),
        (0.5, "float32"),
        (1e300, "float64"),
        (math.nan, "float64"),
        (3, "float64"),
        (torch.ones(2), "float32"),
        (np.ones(2), "float64"),
    ],
)
def test_float_that_fits_single_precision_is_judged_by_it(value: Any, dtype: str) -> None:
    assert dtype == precision(encode(value))


def test_loss_taken_out_of_a_tensor_is_right_in_another_order() -> None:
    for seed in range(50):
        x = normal(40, seed=seed, dtype=torch.float32)
        assert [] == kinds(x.pow(2).mean().item(), (x * x / 40).sum().item())
        assert [] == kinds(x.pow(2).mean().item(), float(np.mean(x.double().numpy() ** 2)))
        assert ["values"] == kinds(x.pow(2).mean().item(), x.var().item())


@given(
    st.sampled_from(["float32", "float64"]),
    st.lists(st.floats(allow_nan=True, width=32), min_size=1, max_size=6),
    st.integers(0, 5),
    st.floats(1e-3, 1e3),
)
def test_one_value_off_by_a_thousandth_of_the_largest_is_seen(
    dtype: str, values: list[float], at: int, factor: float
) -> None:
    expected = np.array(values, dtype)
    finite = np.abs(expected[np.isfinite(expected)].astype(float))
    scale = max(finite, default=0.0) or 1.0
    got = expected.astype(float)
    got[at % len(got)] += factor * scale
    with np.errstate(over="ignore"):
        got = got.astype(dtype)

    assert not wrong_places(expected, expected.copy(), dtype).any()
    changed = ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
    if scale > 1e-30 and changed.any():
        assert wrong_places(expected, got, dtype).any()


def test_extremes_are_compared_without_warnings() -> None:
    big = np.array([1.7e308, -1.7e308, 0.0, np.inf, np.nan])

    assert [] == kinds(big, big.copy(), -big)
    assert ["values"] == kinds(big, -big, big)
    assert ["values"] == kinds(np.complex128([1e308 + 1e308j]), np.complex128([0]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("byte", [b"\xff", b"\x7f", b"\x80", b"\x01"])
def test_any_bytes_are_compared_without_warnings(dtype: str, byte: bytes) -> None:
    ours = np.ones(3, dtype)
    theirs = np.frombuffer(byte * ours.nbytes, dtype)
    signalling = np.resize(np.frombuffer(b"\x01\x00\x80\x7f\x01\x00\xf0\x7f" * 2, dtype), 3)

    for got in (theirs, signalling):
        assert ["values"] == kinds(ours, got)
        assert [] == kinds(got, got.copy())
        assert wrong_places(ours, got, str(ours.dtype)).any()
        assert {"distribution"} >= {*kinds(samples(ours), samples(got))}
        assert {"distribution"} >= {*kinds(samples(got), samples(ours))}


@pytest.mark.filterwarnings("error")
def test_complex_number_is_no_real_one_that_has_its_real_part() -> None:
    real, other = np.array([1, 2, 3]), np.array([1 + 9j, 2, 3])

    assert [True, False, False] == wrong_places(real + 0.0, other, "float64").tolist()
    assert [True, False, False] == wrong_places(other, real, "complex128").tolist()
    assert not wrong_places(real + 0.0, real + 0j, "complex128").any()


# Samples

N = 2000


def bernoulli(p: float, width: int = 3) -> Make:
    return lambda rng: samples((rng.random((N, width)) < p).astype(np.float32))


def dropout(p: float, scaled: bool = True, joint: bool = False, once: bool = False) -> Make:
    x = np.array([0.7, -1.3, 2.1, 0.2], "f4")

    def make(rng: np.random.Generator) -> Any:
        keep = rng.random((1 if once else N, 1 if joint else 4)) >= p
        return samples(np.broadcast_to(x * keep, (N, 4)) / np.float32(1 - p if scaled else 1))

    return make


def permutations(n: int, style: str = "shuffle") -> Make:
    def make(rng: np.random.Generator) -> Any:
        if style == "sort":
            return samples(rng.random((N, n)).argsort(1))
        if style == "rotate":
            return samples((np.arange(n) + rng.integers(0, n, (N, 1))) % n)
        return samples(rng.permuted(np.tile(np.arange(n), (N, 1)), axis=1))

    return make


def choice(weights: list[float]) -> Make:
    p = np.array(weights) / sum(weights)
    return lambda rng: samples(int(i) for i in rng.choice(len(p), N, p=p))


def gaussian(scale: float = 1.0, shift: float = 0.0, power: int = 1) -> Make:
    return lambda rng: samples((rng.standard_normal((N, 2)) * scale + shift) ** power)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (bernoulli(0.5), bernoulli(0.5)),
        (bernoulli(0.02), bernoulli(0.02)),
        (dropout(0.4), dropout(0.4)),
        (permutations(5), permutations(5, "sort")),
        (choice([1, 1, 1]), choice([1, 1, 1])),
        (choice([1, 0, 5]), choice([1, 0, 5])),
        (gaussian(), gaussian()),
    ],
    ids=["fair", "rare", "dropout", "permutation", "ties", "impossible", "normal"],
)
def test_right_sampler_is_never_refused(expected: Make, got: Make) -> None:
    worst = 0.0
    for seed in range(25):
        ours, theirs = (
            encode(make(np.random.default_rng([seed, k]))) for k, make in enumerate((expected, got))
        )
        assert [] == compare(ours, theirs)
        assert isinstance(ours, Sampled) and isinstance(theirs, Sampled)
        pair = rows(ours), rows(theirs)
        assert pair[0] is not None and pair[1] is not None
        worst = max(worst, *distances(pair[0], pair[1]))
    assert worst < 0.75  # far from the border, which is crossed once in ten million


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (bernoulli(0.5), bernoulli(0.3)),
        (dropout(0.5), dropout(0.3)),
        (dropout(0.4), dropout(0.6)),
        (dropout(0.4), dropout(0.4, scaled=False)),
        (dropout(0.4), dropout(0.4, once=True)),
        (dropout(0.4), dropout(0.4, joint=True)),
        (dropout(0.4), lambda rng: samples(np.tile(np.float32([0.7, -1.3, 2.1, 0.2]), (N, 1)))),
        (dropout(0.4), lambda rng: samples(np.zeros((N, 4), "f4"))),
        (choice([1, 1, 1]), lambda rng: samples([0] * N)),
        (choice([1, 1, 1]), choice([2, 1, 1])),
        (choice([1, 1, 1]), choice([1, 1, 0])),
        (choice([3, 1]), choice([1, 3])),
        (permutations(5), permutations(5, "rotate")),
        (gaussian(), gaussian(scale=1.5)),
        (gaussian(), gaussian(shift=0.3)),
        (gaussian(), lambda rng: samples(rng.exponential(size=(N, 2)) - 1)),
        (gaussian(), lambda rng: samples(rng.standard_normal((N, 1)).repeat(2, 1))),
    ],
    ids=[
        "rate",
        "dropout rate",
        "kept for dropped",
        "unscaled",
        "one mask for the batch",
        "one mask for a row",
        "no dropout",
        "all dropped",
        "ties to the first",
        "biased choice",
        "last left out",
        "reversed weights",
        "rotation",
        "spread",
        "mean",
        "shape",
        "dependent",
    ],
)
def test_wrong_sampler_is_always_refused(expected: Make, got: Make) -> None:
    for seed in range(10):
        ours, theirs = (
            make(np.random.default_rng([seed, k])) for k, make in enumerate((expected, got))
        )
        assert ["distribution"] == kinds(ours, theirs)


def test_outlier_does_not_make_all_values_alike() -> None:
    right, wrong = (np.random.default_rng(k).random((N, 2)) < p for k, p in enumerate((0.5, 0.1)))
    for outlier in (1e9, 1e300, -1e300):
        forged = wrong.astype(float)
        forged[0] = outlier
        assert ["distribution"] == kinds(samples(right.astype(float)), samples(forged))


def test_rounding_does_not_make_equal_values_different() -> None:
    rng = np.random.default_rng(0)
    values = dropout(0.4)(rng).draws
    noisy = [v * np.float32(1 + 1e-6 * rng.standard_normal()) for v in dropout(0.4)(rng).draws]

    assert [] == kinds(samples(values), samples(noisy))


@pytest.mark.parametrize(("off", "found"), [(1e-5, []), (1e-2, ["distribution"])])
def test_few_values_may_be_off_by_several_roundings(off: float, found: list[str]) -> None:
    def atoms(shift: float, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        values = np.array([-1.0, -0.3, 0.2, 0.9]) + shift
        return samples(rng.choice(values, (N, 2)).astype("f4"))

    assert found == kinds(atoms(0.0, 0), atoms(off, 1))
    assert found == kinds(atoms(0.0, 0), atoms(-off, 1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sample_that_is_not_finite_is_refused(bad: float) -> None:
    right = gaussian()(np.random.default_rng(0))
    spoilt = np.stack(right.draws)
    spoilt[5, 1] = bad

    assert ["distribution"] == kinds(right, samples(spoilt))


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (np.ones((1, 3)), "length"),  # of one draw, any distribution might be right
        (np.ones((N + 1, 3)), "length"),
        (np.ones((N, 4)), "shape"),
        (np.ones((N, 3, 1)), "shape"),
        (np.ones(N), "shape"),
        (np.ones((N, 3), "f4"), "type"),
        (torch.ones(N, 3, dtype=torch.float64), "type"),
        (["a"] * N, "shape"),
        ([], "shape"),
        ([1.0] * (N - 1) + [None], "shape"),
    ],
    ids=[
        *("one draw", "one more", "width", "axis", "numbers", "dtype", "library"),
        *("text", "none", "mixed"),
    ],
)
def test_samples_of_another_form_are_refused(got: Any, kind: str) -> None:
    assert [kind] == kinds(samples(np.random.default_rng(0).random((N, 3))), samples(got))


def test_draws_that_are_numbers_may_be_of_any_type() -> None:
    draws = [int(i) for i in np.random.default_rng(0).integers(0, 3, N)]

    for kind in (int, float, np.int64, np.float32):
        assert [] == kinds(samples(draws), samples(kind(i) for i in draws))
    assert ["type"] == kinds(samples(draws), draws)


def test_complex_samples_are_judged_by_both_parts() -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((N, 1)) + 1j * rng.standard_normal((N, 1))

    assert [] == kinds(samples(z), samples(z[::-1]))
    assert ["distribution"] == kinds(samples(z), samples(z.real + 0j))


@pytest.mark.filterwarnings("error")
def test_draws_that_are_complex_numbers_are_no_real_ones() -> None:
    real = np.random.default_rng(0).standard_normal(N)

    assert ["type"] == kinds(samples(real), samples(real + 0j))
    assert ["type"] == kinds(samples(real + 0j), samples(real))
    assert [] == kinds(samples(real + 0j), samples(real + 0j))


@pytest.mark.filterwarnings("error")
def test_huge_samples_are_compared_without_warnings() -> None:
    huge = np.full((N, 2), 1.7e308)
    huge[::2] = -1.0

    assert [] == kinds(samples(huge), samples(huge[::-1]))
    assert ["distribution"] == kinds(samples(np.ones((N, 2))), samples(huge))
    assert ["distribution"] == kinds(samples(np.eye(N, 2)), samples(-huge))


def test_samples_that_cannot_be_judged_are_refused_not_raised() -> None:
    for draws in ([], ["a"], [1, None], [np.ones(2), np.ones(3)]):
        assert ["shape"] == kinds(samples(draws), samples(draws))


def test_wide_samples_take_little_memory() -> None:
    wide = np.random.default_rng(0).random((20, 5000))

    assert [] == kinds(samples(wide), samples(wide[::-1]))


def test_one_false_alarm_in_ten_million_is_what_the_border_is_for() -> None:
    """Exactly, for the worst single coordinate: by the bound of Dvoretzky, Kiefer, Wolfowitz."""
    ours = np.arange(1000.0)[:, None]
    single, joint = distances(ours, ours + 120.5)

    assert joint == 0
    distance = 121 / 1000
    assert math.isclose(distance / math.sqrt(math.log(2 / FALSE_ALARM) / 1000), single)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_comparison_of_foreign_nodes_never_raises(data: st.DataObject) -> None:
    node: st.SearchStrategy[Node] = st.sampled_from(
        [
            Other("x"),
            Sampled(1),
            Sampled(Tuple((1, "a"))),
            Sampled(encode(torch.empty(2, 3, device="meta"))),
            Sampled(encode(np.ones((2, 3)))),
            encode(torch.empty(2, device="meta")),
            encode([1, 2]),
            encode(np.array([1, 2])),
            encode(torch.tensor([1.0, 2.0], dtype=torch.bfloat16)),
            encode({"a": 1}),
            None,
            2.5,
        ]
    )
    expected, got, nudged = (data.draw(node) for _ in range(3))

    compare(expected, got, nudged)
