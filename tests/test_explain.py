"""An explanation names the form of a difference, and names none that is not there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dojo.compare import compare
from dojo.explain import Finding, explain
from dojo.kata import samples
from dojo.wire import Array, Dict, Node, Other, encode

SIZES: dict[str, object] = {"B": 2, "T": 5, "d_model": 24, "n_heads": 3, "dropout": 0.4}


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def finding(
    expected: Any,
    got: Any,
    sizes: dict[str, object] | None = None,
    masks: dict[str, Any] | None = None,
    nudged: Any = None,
) -> Finding:
    wrong = compare(encode(expected), encode(got), encode(nudged))
    assert wrong, "nothing differs"
    named: list[tuple[str, Array]] = []
    for name, mask in (masks or {}).items():
        node = encode(mask)
        assert isinstance(node, Array)
        named.append((name, node))
    return explain(wrong, SIZES if sizes is None else sizes, named)


def summary(expected: Any, got: Any, **options: Any) -> str:
    return finding(expected, got, **options).summary


Y = normal(2, 5, 24)
SQUARE = normal(2, 5, 5)
MASK = torch.tensor([[False, False, False, True, True], [False, True, True, True, True]])
HIDDEN = normal(2, 5, 5).masked_fill(MASK[:, None, :], -torch.inf)
ONE = normal(2, 5, 24, dtype=torch.float64)


def spoil(y: torch.Tensor, at: Any, by: float = 1.0) -> torch.Tensor:
    wrong = y.clone()
    wrong[at] += by * normal(*wrong[at].shape, seed=7).to(y.dtype)
    return wrong


# What is recognised


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (Y, 2 * Y, "too large by a factor of 2 (B); all values differ"),
        (Y, Y / 7, "too small by a factor of 0.1429 = 1/7; all values differ"),
        (Y, Y * 24**0.5, "too large by a factor of 4.899 = √24 (d_model is 24)"),
        (Y, Y * 8**0.5, "too large by a factor of 2.828 = √8 (d_model/n_heads is 8)"),
        (Y, Y / 3**0.5, "too small by a factor of 0.5774 = 1/√3 (n_heads is 3)"),
        (Y, Y / 10, "too small by a factor of 0.1 = 1/10 (B·T is 10)"),
        (Y, Y * 576, "too large by a factor of 576 = 24² (d_model is 24)"),
        (Y, Y / 0.6, "too large by a factor of 1.667 = 1/0.6 (1 − dropout is 0.6)"),
        (Y, Y * (23 / 24) ** 0.5, "= √0.958333 ((d_model − 1)/d_model is 0.958333)"),
        (Y, Y * 1.2345, "too large by a factor of 1.235; all"),
        (Y, Y * -3, "too large by a factor of 3 (n_heads) and of the wrong sign"),
        (Y, -Y, "the sign is flipped; all values differ"),
        (HIDDEN, -HIDDEN, "the sign is flipped"),
        (HIDDEN, HIDDEN * 2, "too large by a factor of 2 (B)"),
        (Y, Y + 0.25, "every value is too large by 0.25; all values differ"),
        (Y, Y - 1e-3, "every value is too small by 0.001; all values differ"),
        (torch.zeros(4, 3), torch.full((4, 3), 0.5), "every value is too large by 0.5"),
        (Y, Y.flip(1), "reversed along axis 1 (T)"),
        (SQUARE, SQUARE.mT, "transposed: axes 1 and 2 are swapped"),
        (Y, Y.roll(1, 1), "one position later than it should be, along axis 1 (T); all"),
        (Y, Y.roll(-1, 1), "one position earlier than it should be, along axis 1 (T)"),
        (Y, torch.zeros(2, 5, 24), "everything is zero; all values differ"),
        (Y, Y.mean().expand(2, 5, 24), "every value is the same; all values differ"),
        (Y, torch.full_like(Y, torch.nan), "NaN where a number is due; all values differ"),
        (Y, Y / 0, "infinite where a finite number is due"),
        (HIDDEN, HIDDEN.nan_to_num(neginf=-1e9), "finite where −∞ is due; 30 of 50 values"),
        (Y * torch.nan, Y, "a number where NaN is due"),
        (ONE, ONE.float().double(), "right to 8 digits only: is something computed in float32?"),
        (ONE, ONE / (1 + 1e-8), "right to 8 digits only, all off by the same fraction: is an eps"),
        (Y, Y * (1 + 1e-4 * torch.rand(2, 5, 24)), "right to 4 digits only: another eps, or"),
        (Y.to(torch.bfloat16), 3 * Y.to(torch.bfloat16), "too large by a factor of 3 (n_heads)"),
        (MASK, ~MASK, "True and False are exchanged"),
        (
            torch.ones(4, 4).tril() > 0,
            torch.ones(4, 4).triu() > 0,
            "transposed: axes 0 and 1 are swapped",
        ),
        (torch.tensor([4, 1, 7, 0, 9]), torch.tensor([5, 2, 8, 1, 10]), "value is too large by 1"),
        (torch.tensor([4, 1, 7, 0]), torch.tensor([0, 4, 1, 2]), "all values differ"),
        (3, 4, "too large by 1"),
        (1, 0, "too small by 1"),
        (5, 0, "the value differs"),
        (3, 7, "the value differs"),
        (0.37, -0.37, "the sign is flipped"),
        (0.37, 0.74, "too large by a factor of 2 (B)"),
        (0.37, 0.37 * 24, "too large by a factor of 24 (d_model)"),
        (0.37, 0.0, "zero where a number is due"),
        (0.37, float("nan"), "NaN where a number is due"),
    ],
)
def test_form_is_named(expected: Any, got: Any, words: str) -> None:
    assert words in summary(expected, got)


def test_reshape_in_place_of_a_transposition_is_named() -> None:
    heads = normal(2, 3, 5, 8)  # batch, heads, tokens, width

    joined = summary(heads.transpose(1, 2).reshape(2, 5, 24), heads.reshape(2, 5, 24))
    swapped = summary(normal(5, 7, 2).swapaxes(0, 1), normal(5, 7, 2).reshape(7, 5, 2))

    assert "right values in the wrong places: a reshape where a transposition is due" in joined
    assert "a reshape where a transposition is due" in swapped


def test_other_order_is_named_without_a_cause() -> None:
    order = torch.tensor([2, 0, 3, 1, 4])

    assert "right values in the wrong places; all" in summary(Y, Y.flip(2)[:, order])
    assert "reshape" not in summary(Y, Y.flip(2)[:, order])


def test_nearly_one_hot_rows_are_in_no_order_to_be_told() -> None:
    row = torch.tensor([1.0, 3e-9, 2e-11, 5e-13, 7e-15, 1e-17, 2e-20], dtype=torch.float64)

    assert "wrong places" not in summary(row, row.roll(3))


def test_values_that_are_right_in_another_shape_are_recognised() -> None:
    turned = summary(Y, Y.mT)

    assert turned.startswith("expected Tensor (B=2, T=5, d_model=24), got Tensor (2, 24, 5)")
    assert turned.endswith("; axes 1 and 2 are swapped")
    assert summary(Y[:, :, 0], Y[:, :, :1]).endswith("; right but for axes of size 1")
    assert summary(Y, Y.reshape(10, 24)).endswith("got Tensor (10, 24); right when reshaped")
    assert "expected float32, got float64; its values are right" == summary(Y, Y.double())
    assert summary(Y, Y.numpy()).endswith("NumPy array (2, 5, 24) of float32; its values are right")


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (Y, normal(2, 24, 5, seed=1)),
        (Y[:, :, 0], normal(2, 5, 1, seed=1)),
        (Y, normal(10, 24, seed=1)),
        (Y, normal(2, 5, 24, seed=1).double()),
        (Y, normal(2, 5, 24, seed=1).numpy()),
        (Y, Y[:, :4]),
        (Y.to("meta"), Y.mT.to("meta")),
        (Y, Y.to("meta")),
        (Y.to("meta"), Y.mT),
    ],
)
def test_values_that_are_not_right_are_not_called_so(expected: Any, got: Any) -> None:
    assert "right" not in summary(expected, got)


# Where it is wrong


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((1,), "120 of 240 values differ, all at index 1 of axis 0 (B)"),
        ((slice(None), 0), "48 of 240 values differ, all at index 0 of axis 1 (T)"),
        ((slice(None), slice(1, None)), "differ, none at index 0 of axis 1 (T)"),
        ((slice(None), slice(2, 4)), "all at indices 2 … 3 of axis 1 (T)"),
        ((slice(None), slice(None), 23), "10 of 240 values differ, all at index 23 of axis 2"),
        ((MASK,), "144 of 240 values differ, only where `padding` is True"),
        ((~MASK,), "96 of 240 values differ, only where `padding` is False"),
    ],
)
def test_place_is_named(at: Any, words: str) -> None:
    assert words in summary(Y, spoil(Y, at), masks={"padding": MASK})


def test_mask_may_lie_along_any_axes() -> None:
    text = summary(HIDDEN, HIDDEN.nan_to_num(neginf=-1e9), masks={"padding": MASK})

    assert "finite where −∞ is due; 30 of 50 values differ, only where `padding` is True" == text


def test_mask_that_says_nothing_is_not_named() -> None:
    full, other = torch.ones(2, 5, dtype=torch.bool), torch.tensor([[True, False], [False, True]])
    scattered = spoil(spoil(spoil(Y, (0, 0, 3)), (1, 4, 20)), (0, 3, 9))

    for masks in ({"all": full}, {"none": ~full}, {"other": other}, {"padding": MASK}):
        assert "only where" not in summary(Y, scattered, masks=masks)
    assert summary(Y, scattered).endswith("3 of 240 values differ")


def test_worst_element_is_shown_with_its_index() -> None:
    wrong = Y.clone()
    wrong[1, 3, 20] = 5.0
    wrong[0, 0, 0] += 0.1

    details = finding(Y, wrong).details

    assert f"worst at [1, 3, 20] (B, T, d_model): expected {Y[1, 3, 20]:.6g}, got 5" == details[0]


def test_nan_is_worse_than_anything() -> None:
    wrong = Y.clone()
    wrong[0, 2, 4] = torch.nan
    wrong[0, 2, 5] = 1e30

    assert "worst at [0, 2, 4]" in finding(Y, wrong).details[0]


def test_values_are_shown_with_enough_digits_to_differ() -> None:
    shown = finding(ONE, ONE + 1e-8).details[0]
    expected, got = shown.split("expected ")[1].split(", got ")

    assert expected != got
    assert ("expected 0.1, got 0.10000001",) == finding(0.1, 0.10000001).details


def test_picture_shows_the_rows_that_are_wrong() -> None:
    y = normal(20, 6)
    wrong = spoil(y, (17, slice(2, 4)))

    details = finding(y, wrong, sizes={}).details

    assert "x is wrong, axis 1 across, lines 13 to 20 of 20:" == details[1]
    assert ("······",) * 5 + ("··xx··",) + ("······",) * 2 == details[2:]


def test_picture_leaves_out_axes_along_which_nothing_changes() -> None:
    details = finding(Y, spoil(Y, (MASK,))).details

    assert ("x is wrong, axis 1 (T) across:", "···xx", "·xxxx") == details[1:]
    assert 1 == len(finding(Y, spoil(Y, (1,))).details)  # the summary says it all


def test_what_a_hosted_object_saw_is_named_as_such() -> None:
    ours, theirs = encode({"pulls": [0, 1, 2], "n": 3}), encode({"pulls": [0, 2, 4], "n": 4})

    found = explain(compare(ours, theirs, path="Arms saw"), {})

    assert "what `Arms` saw, `pulls[1]`: too large by 1" == found.summary
    assert "also wrong: what `Arms` saw, `pulls[2]`, what `Arms` saw, `n`" == found.details[1]


def test_picture_is_left_out_where_it_says_nothing() -> None:
    assert 1 == len(finding(Y, Y + 1).details)
    assert 1 == len(finding(normal(3, 41), spoil(normal(3, 41), (0, 0))).details)
    assert 1 == len(finding(normal(3), spoil(normal(3), 0)).details)


# What is not claimed

FORM_WORDS = ("factor", "too large", "too small", "flipped", "reversed", "transposed", "later")
FORM_WORDS += ("earlier", "places", "digits", "zero", "the same", "exchanged")


def claims(text: str) -> list[str]:
    return [word for word in FORM_WORDS if word in text]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([(2,), (3,), (4, 3), (2, 5, 5), (1, 7), (64, 64)]),
    st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]),
)
def test_noise_has_no_form(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    expected, got = (normal(*shape, seed=seed + k, dtype=dtype) for k in (0, 1))
    assume(not torch.allclose(expected.float(), got.float(), atol=0.2))

    assert [] == claims(summary(expected, got))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([torch.float32, torch.bfloat16]))
def test_a_few_wrong_values_have_no_form(seed: int, count: int, dtype: torch.dtype) -> None:
    y = normal(4, 6, seed=seed, dtype=dtype)
    wrong = y.clone().reshape(-1)
    places = np.random.default_rng(seed).choice(24, count, replace=False)
    wrong[places] += 2 + normal(count, seed=seed + 1).abs().to(dtype)

    text = summary(y, wrong.reshape(4, 6))

    assert [] == claims(text)
    assert f"{count} of 24 values differ" in text


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ([1.5, 2.0], [1.75, 2.25]),  # two values are no pattern
        ([3, 5], [6, 10]),
        ([0, 0, 1, 0], [0, 0, 3, 0]),
        ([2, 0, 1, 3], [0, 1, 3, 2]),  # every permutation has the right values in another order
        ([1, 1, 1, 2], [1, 1, 2, 2]),
        ([0.0, 0.0, 1.31], [0.0, 0.0, 2.47]),  # one value is a multiple of any other
        ([0.0, 1.0, 0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
        ([True, False], [False, True]),
        ([True, True, True, False], [False, True, True, True]),
    ],
)
def test_coincidence_has_no_form(expected: list[Any], got: list[Any]) -> None:
    assert [] == claims(summary(torch.tensor(expected), torch.tensor(got)))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y: y * torch.linspace(1.9, 2.1, 24),  # a factor that is not constant
        lambda y: y + torch.linspace(0.9, 1.1, 24),
        lambda y: -y + 0.01,
        lambda y: torch.where(y > 2, y, -y),
        lambda y: torch.cat([y[:, 1:], y[:, :1]], dim=1).mul(1.01),
        lambda y: y.mT.reshape(2, 5, 24) * normal(2, 5, 24, seed=3),
        lambda y: y.relu() * 1.5,
    ],
    ids=[
        "factor that varies",
        "offset that varies",
        "sign and offset",
        "sign of some",
        "shift and factor",
        "reshape and noise",
        "factor where positive",
    ],
)
def test_form_that_only_nearly_holds_is_not_claimed(wrong: Callable[[Any], Any]) -> None:
    assert [] == claims(summary(Y, wrong(Y)))


def test_borderline_error_is_not_an_offset() -> None:
    y = torch.tensor([1.0, -0.3, 0.4])
    wrong = y + torch.tensor([1.2e-5, 0.0, 0.0])

    assert "every value" not in summary(y, wrong)


def test_wrong_small_values_beside_large_ones_are_not_rounding() -> None:
    y = torch.tensor([1e4, 2e4, 1.5e4, 1.0, 2.0, 3.0, 4.0, 5.0])
    wrong = y.clone()
    wrong[3:] = torch.tensor([9.0, -5.0, 7.0, 0.0, 1.0])

    assert "digits" not in summary(y, wrong)


def test_shift_of_what_hardly_varies_is_not_claimed() -> None:
    y = torch.ones(6, 4)
    wrong = y.clone()
    wrong[0] = normal(4)

    assert [] == claims(summary(y, wrong))


def test_low_precision_claims_no_form_within_its_own_noise() -> None:
    y = normal(40, 50, dtype=torch.bfloat16)
    wrong = (y.float() * (1 + 0.08 * normal(40, 50, seed=2))).to(torch.bfloat16)

    assert [] == claims(summary(y, wrong))


def test_slack_for_rounding_does_not_invent_a_form() -> None:
    y = torch.tensor([0.1, 0.2, -0.1, 0.4])
    got = torch.tensor([2.2, 0.2, -0.1, 0.4])

    assert "1 of 4 values differ, all at index 0 of axis 0" == summary(y, got, nudged=y + 0.5)


def test_borderline_error_in_half_precision_is_not_a_factor() -> None:
    y = torch.tensor([1.0, 0.5, 0.25, 0.7], dtype=torch.bfloat16)
    got = torch.tensor([1.04, 0.5, 0.25, 0.7], dtype=torch.bfloat16)

    assert [] == claims(summary(y, got))


def test_few_values_in_half_precision_are_not_enough_for_a_form() -> None:
    for kind, enough in ((torch.bfloat16, 4), (torch.float16, 3), (torch.float32, 2)):
        for n in (2, 3, 4):
            y = torch.tensor([1.0, 0.3, -0.6, 2.2][:n], dtype=kind)
            assert ("factor" in summary(y, y * 5)) == (n >= enough)


@pytest.mark.parametrize("factor", [2, 8, 24, 1.7, 8**0.5])
def test_size_is_named_only_if_it_makes_the_factor(factor: float) -> None:
    text = summary(Y, Y * factor, sizes={"d_model": 24, "n_heads": 3})

    assert (factor in (8, 24, 8**0.5)) == ("d_model" in text)


# Structure, text, samples


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (Y, None, "expected Tensor (B=2, T=5, d_model=24) of float32, got None"),
        (Y, Y[0], "expected Tensor (B=2, T=5, d_model=24), got Tensor (5, 24)"),
        (Y, [1, 2], "expected Tensor (B=2, T=5, d_model=24) of float32, got a list of 2"),
        ((Y, Y), (Y,), "expected a tuple of 2, got a tuple of 1"),
        ((Y, Y), Y, "expected a tuple of 2, got Tensor (2, 5, 24) of float32"),
        (1.5, torch.tensor(1.5), "expected a float, got Tensor () of float32"),
        (3, 3.0, "expected an int, got a float"),
        (3, True, "expected an int, got a bool"),
        ([1], {1}, "expected a list of 1, got a set"),
        ([1], (x for x in [1]), "expected a list of 1, got a generator"),
        (1.5, 1j, "expected a float, got a complex"),
        (1, 2**70, "expected an int, got an int beyond 64 bits"),
        ({"a": Y}, {}, "`a` is missing"),
        ({"a": {"b": 1}}, {"a": {}}, "`a.b` is missing"),
        ({"a": 1}, {"a": 1, "c": 2}, "there is an entry too many"),
        ({"x": {"w": [1, 5]}}, {"x": {"w": [1, 6]}}, "`x.w[1]`: too large by 1"),
        (True, False, "the value differs"),
    ],
)
def test_structure_is_put_into_words(expected: Any, got: Any, words: str) -> None:
    assert words == summary(expected, got)


def test_forgotten_return_is_suspected() -> None:
    assert ("nothing was returned: does every way through the code end in a `return`?",) == finding(
        Y, None
    ).details
    assert () == finding({"x": Y}, {"x": None}).details  # a gradient that never came


def test_structure_is_explained_before_values() -> None:
    found = finding({"a": 1, "b": Y, "c": 2}, {"a": 9, "b": Y[0], "c": 9, "d": 0})

    assert "`b`: expected Tensor (B=2, T=5, d_model=24), got Tensor (5, 24)" == found.summary
    assert ("also wrong: `d`, `a`, `c`",) == found.details


def test_further_mismatches_are_counted() -> None:
    assert "also wrong: `[1]`, `[2]`, `[3]`, `[4]` and 2 more" in finding([1] * 7, [2] * 7).details


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        ("hello world", "hello word", "differs from character 9 on"),
        ("hello", "Hello", "differs in upper and lower case only"),
        ("a b", "a  b", "differs in white space only"),
        ("hello", "hel", "breaks off after 3 characters"),
        ("hel", "hello", "goes on after 3 characters, where it should end"),
        ("abc", "xyz", "is another text"),
        ("abc", "", "is empty"),
    ],
)
def test_text_is_compared_in_words(expected: str, got: str, words: str) -> None:
    assert words == summary(expected, got)


def test_long_text_is_shown_from_near_where_it_differs() -> None:
    expected, got = "a" * 500 + "b" + "c" * 50, "a" * 500 + "d" + "c" * 50

    details = finding(expected, got).details

    assert "b" in details[0] and "d" in details[1]
    assert "both from character 470 on" == details[2]
    assert all(len(line) <= 80 for line in details)


def bernoulli(p: float, n: int = 2000, seed: int = 0, width: int = 3) -> Any:
    rng = np.random.default_rng(seed)
    return samples((rng.random((n, width)) < p).astype(np.float32))


def test_samples_are_explained_by_mean_and_spread() -> None:
    found = finding(bernoulli(0.5), bernoulli(0.3, seed=1))

    assert "the 2000 draws are distributed otherwise than they should be" == found.summary
    assert found.details[0].startswith("mean: expected [0.498, ")
    assert found.details[1].startswith("standard deviation: expected [0.5, 0.5, 0.5], got [0.4")


def test_samples_that_never_vary_are_recognised() -> None:
    assert "all 2000 draws are the same" == summary(
        bernoulli(0.5), samples(np.ones((2000, 3), "f4"))
    )


def test_samples_that_only_move_together_are_recognised() -> None:
    together = np.repeat(np.random.default_rng(1).random((2000, 1)) < 0.5, 3, axis=1)

    found = finding(bernoulli(0.5), samples(together.astype(np.float32)))

    assert (
        "the numbers in each of the 2000 draws do not vary together as they should" == found.summary
    )
    assert "each number alone is distributed as it should be" == found.details[0]


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (np.full((2000, 3), np.nan, "f4"), "some of the 2000 draws are NaN or infinite"),
        (np.ones((1, 3), "f4"), "got 1 draw of NumPy array (3,) of float32"),
        (np.ones((2000, 4), "f4"), "got 2000 draws of NumPy array (4,) of float32"),
        (np.ones((2000, 3), "f8"), "got 2000 draws of NumPy array (3,) of float64"),
        (["a", "b"], "got draws that are not numbers of one shape"),
        (np.ones(2000, "c8"), "got 2000 draws of complex numbers"),
    ],
)
def test_samples_of_another_kind_are_put_into_words(got: Any, words: str) -> None:
    assert words in summary(bernoulli(0.5), samples(got))


# Hostile values

HOSTILE = [np.nan, np.inf, -np.inf, 1.7e308, -1.7e308, 5e-324, 0.0, 1.5]
HOSTILE_DTYPES = ("bool", "u1", "i8", "f2", "f4", "f8", "c8", "c16")


def hostile(dtype: str, n: int, seed: int) -> Any:
    """Return values that few code is written for: by number, or bytes as they come."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dtype == "bool" or seed % 2:
            values = rng.choice(HOSTILE, n)
            return (values + 1j * rng.choice(HOSTILE, n) if dtype[0] == "c" else values).astype(
                dtype
            )
    size = np.dtype(dtype).itemsize * n
    return np.frombuffer(bytes(rng.choice([0, 1, 127, 128, 255], size).tolist()), dtype)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ours", HOSTILE_DTYPES)
@pytest.mark.parametrize("theirs", HOSTILE_DTYPES)
def test_hostile_values_are_explained_without_warnings(ours: str, theirs: str) -> None:
    for seed in range(24):
        n = (1, 3, 12)[seed % 3]
        expected, got = hostile(ours, n, seed), hostile(theirs, n, seed + 1)
        for pair in ((expected, got), (samples(expected), samples(got))):
            wrong = compare(*map(encode, pair))
            if wrong:
                assert explain(wrong, {"n": 3}).summary.isprintable()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (np.array([65504.0, 1], "f2"), np.array([-1, 3e-7], "f2")),
        (np.array([6e-8], "f2"), np.array([65504.0], "f2")),
        (np.array([65504.0], "f2"), np.array([6e-8], "f2")),
        (np.array([1e-320]), np.array([1e-321])),
        (np.array([1e-310, 0]), np.array([1.0, 0])),
        (np.array([1e308, 1.0]), np.array([-1e308, 1.0])),
        (np.array([1.0, 2.0]), np.array([1e-300, 1e300])),
    ],
)
def test_factor_beyond_the_dtype_is_sought_without_warnings(expected: Any, got: Any) -> None:
    assert summary(expected, got)


@pytest.mark.filterwarnings("error")
def test_right_values_with_an_imaginary_part_are_not_called_right() -> None:
    expected = np.array([1, 2, 3])

    assert "its values are right" in summary(expected, expected + 0j)
    assert "its values are right" not in summary(expected, expected + 5j)


@pytest.mark.filterwarnings("error")
def test_huge_draws_are_explained_without_warnings() -> None:
    huge = samples(np.where(np.arange(4000).reshape(2000, 2) % 4, 1.7e308, -1.0))

    found = finding(samples(np.ones((2000, 2))), huge)

    assert "the 2000 draws are distributed otherwise than they should be" == found.summary
    assert "mean: expected [1, 1], got" in found.details[0]


# What a summary may not hold

SECRET = "sesame"


class sesame:
    pass


@pytest.mark.parametrize(
    "got",
    [
        sesame(),
        [sesame()],
        {"y": 0, SECRET: 1},
        {SECRET: 1},
        {"y": SECRET},
        SECRET,
        (SECRET,) * 2,
        {"y": {SECRET: 1}},
    ],
)
@pytest.mark.parametrize("expected", [{"y": 0}, {"y": "text"}, [1], "text", 1, 1.5, Y])
def test_summary_never_quotes_the_learner(expected: Any, got: Any) -> None:
    assert SECRET not in summary(expected, got)


def test_details_quote_the_learner_safely() -> None:
    hostile = "\x1b[31m`\u202ered\n" * 50

    by_key = finding({"y": 0}, {"y": 0, hostile: 1}).details
    mismatches = compare(1.5, Other(hostile))
    by_type = explain(mismatches, {}).details
    by_value = finding("text", hostile).details

    for line in (*by_key, *by_type, *by_value):
        assert line.isprintable() and len(line) <= 100


@pytest.mark.parametrize("name", ["Tensor of hack", "a set", "set\n", "Tensor on fire", "x" * 900])
def test_type_name_in_the_style_of_the_engine_is_not_believed(name: str) -> None:
    found = explain(compare(1.5, Other(name)), {})

    assert "expected a float, got an object of another type" == found.summary
    assert 1 == len(found.details)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.ones(2).to_sparse(), "got a sparse_coo Tensor"),
        (torch.ones(2).to(torch.float8_e4m3fn), "got a Tensor of float8_e4m3fn"),
        (np.array(["a"]), "got an array of text"),
        (np.array([None]), "got an array of objects"),
        ({1: 2}, "got a dict with keys that are not text"),
        (torch.ones(1).expand(2**28), "got a Tensor of 1.1 GB"),
    ],
)
def test_what_no_answer_may_be_is_named(value: Any, words: str) -> None:
    assert summary(1.5, value).endswith(words)


def test_summary_holds_no_expected_value() -> None:
    expected = torch.tensor([0.123456, 0.654321, 0.777777])

    for got in (expected * 2, expected + 1, expected.flip(0), expected * torch.nan, expected[:2]):
        text = summary(expected, got)
        assert not any(f"{value:.3g}" in text for value in expected.tolist())


LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        [
            torch.zeros(0),
            torch.zeros(()),
            torch.tensor([1, 2]),
            torch.zeros(2, 0, 3),
            torch.ones(2, dtype=torch.complex64) * 1j,
            torch.ones(1, 2).to("meta"),
            torch.tensor([[torch.inf, torch.nan]]),
            torch.full((3,), 3e38),
            torch.full((3,), -1.7e308, dtype=torch.float64),
            torch.ones(3).to(torch.bfloat16),
            torch.tensor([True, False, True]),
            torch.zeros(3, dtype=torch.uint8),
            np.array([1e308, -1e308, 1.0]),
            np.array([2**63 - 1, -(2**63), 0]),
            np.float16(3),
            samples([1.0, 2.0]),
            samples([]),
            samples([1.0, "a"]),
            object(),
        ]
    ),
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(TREE, TREE, TREE)
def test_every_mismatch_has_an_explanation(expected: Any, got: Any, nudged: Any) -> None:
    mismatches = compare(encode(expected), encode(got), encode(nudged))
    if mismatches:
        found = explain(mismatches, {"n": 3})
        assert found.summary.isprintable()


def test_dict_is_what_these_tests_take_it_for() -> None:
    node: Node = encode({"a": 1})

    assert Dict((("a", 1),)) == node
