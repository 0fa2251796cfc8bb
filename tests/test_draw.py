"""Inputs are the same on every run, independent of one another, and watched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dojo.draw import Draw, seed_of

DTYPES = ("float64", "float32", "float16", "bfloat16")


def everything(draw: Draw) -> list[Any]:
    """Draw one of each."""
    return [
        draw.normal(2, 3),
        draw.uniform(4, low=-1, high=2),
        draw.integers(3, low=2, high=9),
        draw.booleans(5, p=0.3),
        draw.permutation(6),
        draw.numpy.normal(2),
        draw.rng().integers(0, 100, 3),
        torch.randn(2, generator=draw.generator()),
        *draw.weights(nn.Linear(3, 2)).parameters(),
    ]


def text(values: list[Any]) -> str:
    return repr([value.tolist() for value in values])


def test_numbers_are_those_of_pcg64() -> None:
    """The algorithm is part of the promise: a stored expectation must stay right."""
    rng = np.random.Generator(np.random.PCG64(42))
    draw = Draw(42)

    assert np.array_equal(rng.standard_normal((2, 3)), draw.numpy.normal(2, 3))
    assert np.array_equal(rng.random(4), draw.numpy.uniform(4))
    assert np.array_equal(rng.integers(0, 10, 5), draw.integers(5, high=10).numpy())
    assert np.array_equal(rng.permutation(7), draw.permutation(7).numpy())
    assert [0.30471707975443135, -1.0399841062404955] == Draw(42).numpy.normal(2).tolist()
    assert 300061595687546896216108751973097104275 == seed_of("a", 1, (2, 3))


def test_every_run_gives_the_same_numbers() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests'); import test_draw as t; "
        "print(t.text(t.everything(t.Draw(7))))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert text(everything(Draw(7))) == run.stdout.strip()
    assert text(everything(Draw(8))) != run.stdout.strip()


def test_other_luck_changes_generators_alone() -> None:
    plain, other = Draw(7), Draw(7, luck=1)
    exact = [draw.rng(exact=True).random() for draw in (plain, other)]
    seeds = [draw.generator(exact=True).initial_seed() for draw in (plain, other)]

    assert exact[0] == exact[1] and seeds[0] == seeds[1]
    assert plain.rng().random() != other.rng().random()
    assert plain.generator().initial_seed() != other.generator().initial_seed()
    assert torch.equal(plain.normal(3), other.normal(3))
    assert torch.equal(*(draw.weights(nn.Linear(2, 2)).weight for draw in (plain, other)))


def test_seed_depends_on_every_part_and_on_their_borders() -> None:
    seeds = {seed_of(*parts) for parts in (("a", "b"), ("ab",), ("b", "a"), ("a", "b", ""), ())}

    assert 5 == len(seeds)
    assert all(0 <= seed < 2**128 for seed in seeds)
    assert seed_of("\ud800") == seed_of("\ud800")  # a name of the learner's may be any text


def test_draws_of_one_case_differ() -> None:
    draw = Draw(0)

    assert not torch.equal(draw.normal(3), draw.normal(3))
    assert draw.rng().random() != draw.rng().random()
    assert draw.generator().initial_seed() != draw.generator().initial_seed()
    weights = draw.weights(nn.Linear(2, 2)).weight, draw.weights(nn.Linear(2, 2)).weight
    assert not torch.equal(*weights)


def test_arrays_and_tensors_come_from_one_source() -> None:
    draw, twin = Draw(3), Draw(3)

    assert np.array_equal(draw.numpy.normal(4, dtype="float32"), twin.normal(4).numpy())
    assert np.array_equal(draw.normal(4).numpy(), twin.numpy.normal(4, dtype="float32"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_are_single_precision_unless_told(dtype: Any) -> None:
    draw = Draw(0)

    assert torch.float32 == draw.normal(2).dtype == draw.uniform(2).dtype
    assert getattr(torch, dtype) == draw.normal(2, dtype=dtype).dtype
    assert torch.int64 == draw.integers(2, high=3).dtype == draw.permutation(2).dtype
    assert torch.bool == draw.booleans(2).dtype
    assert np.float64 == draw.numpy.normal(2).dtype


@pytest.mark.parametrize("word", DTYPES)
def test_dtype_may_be_torchs_own(word: Any) -> None:
    dtype = getattr(torch, word)
    for method in ("normal", "uniform", "zeros"):
        one, other = (getattr(Draw(1), method)(5, dtype=d) for d in (word, dtype))
        assert dtype == other.dtype and torch.equal(one, other)
    assert dtype == Draw(1).weights(nn.Linear(2, 2), dtype=dtype).weight.dtype


@pytest.mark.parametrize("dtype", [torch.float64, np.float64, np.dtype("float64")])
def test_dtype_of_an_array_may_be_anybodys(dtype: Any) -> None:
    assert np.float64 == Draw(1).numpy.normal(2, dtype=dtype).dtype


@pytest.mark.parametrize("dtype", [torch.int64, np.int32, "float46", "nn", float, 3])
@pytest.mark.parametrize("method", ["normal", "uniform", "zeros"])
def test_dtype_that_is_none_of_floats_is_refused_by_name(method: str, dtype: Any) -> None:
    words = 'takes dtype="float64", "float32", "float16" or "bfloat16", not '
    with pytest.raises(TypeError, match=rf"^draw\.{method} {words}"):
        getattr(Draw(0), method)(2, dtype=dtype)
    with pytest.raises(TypeError, match=rf"^draw\.weights {words}"):
        Draw(0).weights(nn.Linear(2, 2), dtype=dtype)
    with pytest.raises(TypeError, match=rf'^draw\.numpy\.{method} takes .* or "float16", not '):
        getattr(Draw(0).numpy, method)(2, dtype=dtype)


def test_distributions_are_as_declared() -> None:
    draw = Draw(0).numpy
    normal, uniform = draw.normal(10_000, scale=3.0), draw.uniform(10_000, low=-1.0, high=3.0)
    whole, true = draw.integers(10_000, low=2, high=5), draw.booleans(10_000, p=0.2)

    assert abs(normal.mean()) < 0.1 and abs(normal.std() - 3) < 0.1
    assert uniform.min() >= -1 and uniform.max() < 3 and abs(uniform.mean() - 1) < 0.1
    assert {2, 3, 4} == set(whole.tolist())
    assert abs(true.mean() - 0.2) < 0.02
    assert list(range(9)) == sorted(draw.permutation(9).tolist())


# Weights


class Ordered(nn.Module):
    """Two layers and a bare parameter, registered in either order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        for name in names:
            setattr(self, name, nn.Parameter(torch.ones(3)) if name == "g" else nn.Linear(2, 3))


def test_weights_go_by_name_not_by_order() -> None:
    one = dict(Draw(5).weights(Ordered(("a", "b", "g"))).named_parameters())
    other = dict(Draw(5).weights(Ordered(("g", "b", "a"))).named_parameters())

    assert list(one) != list(other)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["a.weight"], one["b.weight"])  # equal shapes, other names


def test_weights_do_not_shift_what_is_drawn_after_them() -> None:
    small, large = Draw(5), Draw(5)
    small.weights(nn.Linear(1, 1))
    large.weights(Ordered(("a", "b")))

    assert torch.equal(small.normal(3), large.normal(3))


def test_weights_depend_on_the_shape() -> None:
    flat, tall = (Draw(5).weights(nn.Linear(*n)).weight.reshape(-1) for n in ((2, 3), (3, 2)))

    assert not torch.allclose(flat * 2**0.5, tall * 3**0.5)


def test_weights_overwrite_everything_even_what_is_frozen() -> None:
    module = Ordered(("a", "g"))
    module.a.requires_grad_(False)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(777)
    draw = Draw(1)

    assert draw.weights(module) is module
    assert all((parameter != 777).all() for parameter in module.parameters())
    assert not module.a.weight.requires_grad and module.g.requires_grad
    assert [("g", (3,)), ("a.weight", (3, 2)), ("a.bias", (3,))] == draw.weighed


def test_weights_keep_the_scale_of_their_input() -> None:
    layer = Draw(1).weights(nn.Linear(400, 300, bias=False))

    assert 0.9 < layer(torch.randn(50, 400)).std().item() < 1.1


def test_weights_take_the_dtype_that_is_asked_for() -> None:
    single, double = (Draw(1).weights(nn.Linear(3, 2), dtype=d) for d in (None, "float64"))

    assert torch.float64 == double.weight.dtype
    assert torch.equal(single.weight, double.weight.float())


def test_gradients_are_given_by_name() -> None:
    module = Ordered(("a", "b"))
    module.a(torch.ones(1, 2)).sum().backward()

    found = Draw.gradients(module)

    assert torch.equal(torch.ones(3), found["a.bias"])
    assert found["b.weight"] is None


# Changes


def nan(value: Any) -> Any:
    value[0] = float("nan")
    return value


class Liar(torch.Tensor):
    """A tensor that cannot be looked into."""

    def detach(self) -> Any:
        raise ArithmeticError


Change = Callable[[Any], Any]
TENSOR_CHANGES: dict[str, Change] = {
    "in place": lambda x: x.mul_(2),
    "one element": lambda x: x[1, 2].add_(1),
    "by index": lambda x: x.__setitem__((0, 0), 9.0),
    "through a view": lambda x: x.view(-1)[3:].zero_(),
    "through a transposed view": lambda x: x.T[1].zero_(),
    "through numpy": lambda x: x.numpy().sort(),
    "through data": lambda x: x.data.zero_(),
    "through detach": lambda x: x.detach().neg_(),
    "to nan": nan,
    "sign": lambda x: x[0].neg_(),
    "out argument": lambda x: torch.add(torch.ones(3, 4), 1, out=x),
    "shape": lambda x: x.resize_(4, 3),
    "transposed": lambda x: x.t_(),
    "new axis": lambda x: x.unsqueeze_(0),
    "other data": lambda x: x.set_(torch.ones(3, 4)),
    "class": lambda x: setattr(x, "__class__", Liar),
    "other dtype": lambda x: setattr(x, "data", x.double()),
}


@pytest.mark.parametrize("name", TENSOR_CHANGES)
def test_change_of_a_tensor_is_noticed(name: str) -> None:
    draw = Draw(0)
    x, other = draw.normal(3, 4), draw.normal(3, 4)

    TENSOR_CHANGES[name](x)

    assert [True, False] == [given.changed for given in draw.given]
    assert other is draw.given[1].value


ARRAY_CHANGES: dict[str, Change] = {
    "in place": lambda x: np.multiply(x, 2, out=x),
    "one element": lambda x: x.__setitem__((1, 2), 0),
    "through a view": lambda x: x.T[0].sort(),
    "through torch": lambda x: torch.from_numpy(x).zero_(),
    "to nan": nan,
    "shape": lambda x: setattr(x, "shape", (4, 3)),
    "dtype": lambda x: setattr(x, "dtype", np.int64),
}


@pytest.mark.parametrize("name", ARRAY_CHANGES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_change_of_an_array_is_noticed(name: str) -> None:
    draw = Draw(0)
    x = draw.numpy.normal(3, 4)

    ARRAY_CHANGES[name](x)

    assert [True] == [given.changed for given in draw.given]


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x * 2,
        lambda x: x.clone().zero_(),
        lambda x: x.T.contiguous().zero_(),
        lambda x: x.requires_grad_().sum().backward(),
        lambda x: x.to(torch.float64).zero_(),
        lambda x: x.mul_(1),
        lambda x: x[0:0].zero_(),
    ],
    ids=["product", "copy", "copy of a view", "gradient", "other dtype", "times one", "nothing"],
)
def test_use_of_a_tensor_is_no_change(use: Change) -> None:
    draw = Draw(0)

    use(draw.normal(3, 4))

    assert [False] == [given.changed for given in draw.given]


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_equals_itself(dtype: Any) -> None:
    draw = Draw(0)
    x = draw.normal(4, scale=float("nan"), dtype=dtype)
    empty = draw.normal(0, 3, dtype=dtype)

    assert x.isnan().all() and not empty.numel()
    assert [False, False] == [given.changed for given in draw.given]
    x[2] = 1.0
    assert [True, False] == [given.changed for given in draw.given]


def test_tensor_of_every_kind_is_watched() -> None:
    draw = Draw(0)
    given = [
        *(draw.normal(3, dtype=dtype) for dtype in DTYPES),
        draw.integers(3, high=5),
        draw.booleans(3),
        draw.permutation(3),
        draw.normal(),
    ]

    assert [False] * len(given) == [one.changed for one in draw.given]
    for one in given:
        one.fill_(1).logical_not_() if one.dtype == torch.bool else one.sub_(1)
    assert [True] * (len(given) - 1) == [one.changed for one in draw.given if one.value.ndim]
    assert draw.given[-1].changed


def test_meta_tensors_have_no_values_to_watch() -> None:
    draw = Draw(0)
    x = draw.meta.normal(2, 3)

    assert ("meta", (2, 3)) == (x.device.type, tuple(x.shape))
    assert [] == draw.given and draw.met
    assert "meta" == draw.meta.weights(nn.Linear(2, 2)).weight.device.type


def test_each_input_remembers_its_place_in_the_case() -> None:
    draw = Draw(0)

    def drive() -> None:
        draw.normal(1)
        draw.numpy.integers(1, high=2)

    drive()
    places = [given.instruction for given in draw.given]

    assert all(given.code is drive.__code__ for given in draw.given)
    assert 2 == len(set(places))


# Nudges


def steps(value: Any) -> Any:
    """Return values as whole numbers that count representable ones, from the most negative."""
    kind = {8: torch.int64, 4: torch.int32, 2: torch.int16}[value.element_size()]
    whole = value.contiguous().view(kind).to(torch.int64)
    return torch.where(whole < 0, -(whole & torch.iinfo(kind).max), whole)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nudge_moves_every_value_by_one_rounding_error(dtype: Any) -> None:
    plain, nudged = (Draw(9, nudge=n).normal(500, scale=3.0, dtype=dtype) for n in (False, True))

    moved = steps(nudged) - steps(plain)

    assert {1, 2} >= set(moved.abs().tolist())  # eps is one step at 1, and two just below 2
    assert 150 < (moved > 0).sum() < 350


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_nudge_moves_arrays_alike(dtype: Any) -> None:
    plain, nudged = (Draw(9, nudge=n).numpy.uniform(500, dtype=dtype) for n in (False, True))

    moved = steps(torch.from_numpy(nudged)) - steps(torch.from_numpy(plain))

    assert {1, 2} >= set(moved.abs().tolist())


@pytest.mark.parametrize("dtype", DTYPES)
def test_nudge_moves_weights(dtype: Any) -> None:
    plain, nudged = (Draw(9, nudge=n).weights(nn.Linear(9, 9), dtype=dtype) for n in (False, True))

    moved = (steps(nudged.weight.detach()) - steps(plain.weight.detach())).reshape(-1)

    assert {1, 2} >= set(moved.abs().tolist())


def test_nudge_leaves_alone_what_is_exact() -> None:
    for seed in range(5):
        plain, nudged = Draw(seed), Draw(seed, nudge=True)
        for one, other in (
            (plain.integers(9, high=99), nudged.integers(9, high=99)),
            (plain.booleans(9), nudged.booleans(9)),
            (plain.permutation(9), nudged.permutation(9)),
            (plain.normal(9, scale=0.0), nudged.normal(9, scale=0.0)),
        ):
            assert torch.equal(one, other)
        assert plain.rng().random() == nudged.rng().random()
        assert plain.generator().initial_seed() == nudged.generator().initial_seed()


def test_nudge_does_not_disturb_what_is_drawn_next() -> None:
    plain, nudged = Draw(2), Draw(2, nudge=True)
    for draw in (plain, nudged):
        draw.normal(7)
        draw.weights(nn.Linear(2, 2))

    assert torch.equal(plain.integers(9, high=10**6), nudged.integers(9, high=10**6))
    assert torch.allclose(plain.normal(9), nudged.normal(9))


def test_nudge_moves_inputs_of_one_shape_apart() -> None:
    """If both moved alike, the error of their difference would not show."""
    plain, nudged = Draw(4), Draw(4, nudge=True)
    pairs = [(plain.normal(200), nudged.normal(200)) for _ in range(2)]

    ups = [steps(moved.abs()) > steps(still.abs()) for still, moved in pairs]

    assert 60 < (ups[0] == ups[1]).sum() < 140


def test_nudge_is_the_same_on_every_run() -> None:
    assert torch.equal(*(Draw(4, nudge=True).normal(20) for _ in range(2)))


def test_hosted_object_hosts_nothing() -> None:
    with pytest.raises(RuntimeError, match="cannot host"):
        Draw(0).host(dict)


def test_host_is_asked_by_name_and_sizes() -> None:
    asked: list[Any] = []

    def host(name: str, sizes: dict[str, Any]) -> str:
        asked.append((name, sizes))
        return "stand-in"

    assert "stand-in" == Draw(0, host).host(dict, n=3)
    assert [("dict", {"n": 3})] == asked
