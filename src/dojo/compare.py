"""The one place that decides whether an observation is the right one, and how closely."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dojo.wire import Array, Dict, List, Node, Other, Sampled, Tuple, to_numpy

__all__ = [
    "Kind",
    "Mismatch",
    "agree",
    "compare",
    "describe",
    "distances",
    "floats",
    "is_plain_other",
    "ordinary",
    "precision",
    "rows",
    "shape_text",
    "wrong_places",
]

Values: TypeAlias = NDArray[Any]
Kind = Literal["missing", "extra", "type", "length", "shape", "dtype", "values", "distribution"]

# The defaults of torch.testing (relative, absolute), except for this: the absolute part is a
# multiple of the largest expected magnitude, so that zeros never pass for small numbers. Half
# precision needs as much absolutely as relatively, since cancellation alone costs that much. Double
# precision is held to more: at 1e-7 a result that went through float32 on its way would pass.
TOLERANCES: Final = {
    "float16": (1e-3, 2e-3),
    "bfloat16": (1.6e-2, 1.6e-2),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-9, 1e-9),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-9, 1e-9),
}

NUDGES: Final = 4.0
"""How many times the effect of one rounding error in each input a right answer may differ by."""

SENTINEL: Final = 1e3
"""Values at least so large, and so many times the largest other, are stand-ins for infinity."""

PLAIN_NAME: Final = re.compile(
    r"bytes|complex|dict_(items|keys|values)|filter|frozenset|function|generator|map|method|module"
    r"|property|range|set|slice|type|zip"
    r"|(Tensor|array) of (objects|text|bytes|records|dates|[0-9.]{1,9} GB)"
    r"|(Tensor|array) of q?u?(int|float|complex)[0-9]{1,3}(x[0-9]|_e[0-9]m[0-9](fn)?u?z?)?"
    r"|Tensor on (cuda|mps|xpu)|(quantized|sparse_[cb]s[cr]|sparse_coo) Tensor"
    r"|Tensor that cannot be read|dict with keys that are not text"
    r"|int beyond 64 bits|structure nested too deeply"
)
"""What may be said of a foreign object without quoting a word of the learner's."""

FALSE_ALARM: Final = 1e-7
"""How often a right sampler may be refused."""


@dataclass(frozen=True)
class Mismatch:
    """One leaf of an observation that is not what it should be."""

    path: str
    kind: Kind
    expected: Node
    got: Node
    slack: float = 0.0


def compare(expected: Node, got: Node, nudged: Node = None, path: str = "") -> list[Mismatch]:
    """Return every leaf at which `got` is not right, in order; none means that it is.

    `nudged` is what the reference returns when its inputs are off by a rounding error: where that
    moves the result, a right answer in another order of operations may move as much.
    """
    return list(_mismatches(expected, got, nudged, path))


def agree(expected: Node, got: Node) -> bool:
    """Whether nothing is wrong with `got`; the first leaf that is settles it."""
    return next(_mismatches(expected, got, None, ""), None) is None


def _mismatches(expected: Node, got: Node, nudged: Node, path: str) -> Iterator[Mismatch]:
    scalar, expected, got, nudged = expected, _plain(expected), _plain(got), _plain(nudged)
    if isinstance(expected, List | Tuple):
        yield from _compare_sequence(expected, got, nudged, path)
    elif isinstance(expected, Dict):
        yield from _compare_mapping(expected, got, nudged, path)
    elif isinstance(expected, Array):
        yield from _compare_array(expected, got, nudged, path)
    elif isinstance(expected, Sampled):
        yield from _compare_samples(expected, got, path)
    elif isinstance(expected, bool | str | None | Other):
        if type(expected) is not type(got) or isinstance(expected, Other):
            yield Mismatch(path, "type", expected, got)  # two of a type may differ in all else
        elif expected != got:
            yield Mismatch(path, "values", expected, got)
    else:
        yield from _compare_number(expected, got, nudged, path, precision(scalar))


def precision(node: Node) -> str:
    """Return the dtype by whose tolerance a leaf is judged.

    A float that fits into 32 bits has most likely come out of a float32 computation.
    """
    if isinstance(node, Array):
        return node.dtype
    with np.errstate(over="ignore"):
        fits = isinstance(node, float) and float(np.float32(node)) == node
    return "float32" if fits else "float64"


def _plain(node: Node) -> Node:
    """Turn a NumPy scalar into a plain number: which of the two it is, is a matter of style."""
    if isinstance(node, Array) and node.library == "numpy" and not node.shape:
        value = to_numpy(node).item()
        return value if isinstance(value, bool | int | float) else node
    return node


def _compare_sequence(
    expected: List | Tuple, got: Node, nudged: Node, path: str
) -> Iterator[Mismatch]:
    if isinstance(got, Array) and got.shape == (len(expected.items),) and _all_numbers(expected):
        got = _as_list(got)
    if not isinstance(got, List | Tuple):
        yield Mismatch(path, "type", expected, got)
        return
    if len(expected.items) != len(got.items):
        yield Mismatch(path, "length", expected, got)
        return
    near = nudged.items if isinstance(nudged, List | Tuple) else ()
    near = near if len(near) == len(expected.items) else (None,) * len(expected.items)
    for index, items in enumerate(zip(expected.items, got.items, near, strict=True)):
        yield from _mismatches(*items, f"{path}[{index}]")


def _as_list(array: Array) -> Node:
    return array if array.library == "meta" else List(tuple(to_numpy(array).tolist()))


def _all_numbers(node: List | Tuple) -> bool:
    return all(isinstance(_plain(item), bool | int | float) for item in node.items)


def _compare_mapping(expected: Dict, got: Node, nudged: Node, path: str) -> Iterator[Mismatch]:
    if not isinstance(got, Dict):
        yield Mismatch(path, "type", expected, got)
        return
    ours, theirs = dict(expected.items), dict(got.items)
    near = dict(nudged.items) if isinstance(nudged, Dict) else {}
    for key, value in ours.items():
        where = f"{path}.{key}" if path else key
        if key in theirs:
            yield from _mismatches(value, theirs[key], near.get(key), where)
        else:
            yield Mismatch(where, "missing", value, None)
    for key, value in theirs.items():
        if key not in ours:
            yield Mismatch(f"{path}.{key}" if path else key, "extra", None, value)


def _compare_number(
    expected: int | float, got: Node, nudged: Node, path: str, dtype: str
) -> Iterator[Mismatch]:
    if not isinstance(got, int | float) or isinstance(got, bool):
        yield Mismatch(path, "type", expected, got)
    elif isinstance(expected, int):
        if isinstance(got, float):
            yield Mismatch(path, "type", expected, got)
        elif expected != got:
            yield Mismatch(path, "values", expected, got)
    elif not math.isfinite(expected):
        if expected != got and not (math.isnan(expected) and math.isnan(got)):
            yield Mismatch(path, "values", expected, got)
    else:  # what `wrong_places` does, without the cost of arrays
        moved = abs(nudged - expected) if isinstance(nudged, float) else 0.0
        slack = NUDGES * moved if math.isfinite(moved) else 0.0
        relative, absolute = TOLERANCES[dtype]
        size = abs(expected)
        close = abs(expected - got) <= slack + absolute * (size or 1.0) + relative * size
        if not (close and math.isfinite(got)):
            yield Mismatch(path, "values", expected, got, slack)


def _compare_array(expected: Array, got: Node, nudged: Node, path: str) -> Iterator[Mismatch]:
    if not isinstance(got, Array) or got.library != expected.library:
        yield Mismatch(path, "type", expected, got)
    elif got.shape != expected.shape:
        yield Mismatch(path, "shape", expected, got)
    elif got.dtype != expected.dtype:
        yield Mismatch(path, "dtype", expected, got)
    elif expected.library != "meta" and got.data != expected.data:
        ours, slack = to_numpy(expected), 0.0
        if isinstance(nudged, Array) and (nudged.shape, nudged.dtype) == (got.shape, got.dtype):
            slack = _slack(ours, to_numpy(nudged))
        if wrong_places(ours, to_numpy(got), expected.dtype, slack).any():
            yield Mismatch(path, "values", expected, got, slack)


def floats(node: Node) -> Values | None:
    """Return a leaf's values as float64 or complex, if it has any."""
    if isinstance(node, Array) and node.library != "meta":
        values = to_numpy(node)
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return values.astype(_wide(values))
    if isinstance(node, int | float):
        return np.array(node, float)
    return None


def _wide(*values: Values) -> type[float] | type[complex]:
    """Return the type that holds all of them in double precision."""
    return complex if any(each.dtype.kind == "c" for each in values) else float


def _slack(expected: Values, nudged: Values) -> float:
    if expected.dtype.kind not in "fc":
        return 0.0
    kind = _wide(expected, nudged)
    with np.errstate(invalid="ignore", over="ignore"):
        moved = np.abs(nudged.astype(kind) - expected.astype(kind))
    counts = np.isfinite(moved) & ordinary(expected)
    return NUDGES * float(np.max(moved, initial=0.0, where=counts))


def ordinary(values: Values) -> NDArray[np.bool_]:
    """Return which values are finite and no stand-ins for infinity, such as −1e9 in a mask.

    Next to one of those, any error in the rest would look small.
    """
    finite = np.isfinite(values)
    size = np.abs(np.where(finite, values, 0))
    top = np.max(size, initial=0.0)
    if top >= SENTINEL:
        rest = size < 0.99 * top
        second = np.max(size, initial=0.0, where=rest)
        if 0 < second < top / SENTINEL:
            return np.asarray(finite & rest)
    return np.asarray(finite)


def wrong_places(
    expected: Values, got: Values, dtype: str, slack: float = 0.0
) -> NDArray[np.bool_]:
    """Return where `got` is not close enough to `expected`, of the same shape.

    Of another dtype it may be: a real number is a complex one, and no complex one is cut to a real.
    """
    if dtype not in TOLERANCES:
        return np.asarray(expected != got)
    relative, absolute = TOLERANCES[dtype]
    kind = _wide(expected, got)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        ours, theirs = expected.astype(kind), got.astype(kind)
    finite = np.isfinite(ours)
    scale = float(np.max(np.abs(ours), initial=0.0, where=ordinary(ours))) or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(ours - theirs) <= slack + absolute * scale + relative * np.abs(ours)
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return np.asarray(np.where(finite, ~(close & np.isfinite(theirs)), ~same))


def _compare_samples(expected: Sampled, got: Node, path: str) -> Iterator[Mismatch]:
    if not isinstance(got, Sampled):
        yield Mismatch(path, "type", expected, got)
        return
    ours, theirs = rows(expected), rows(got)
    if ours is None or theirs is None or _draw(expected)[0] != _draw(got)[0]:
        yield Mismatch(path, "shape", expected, got)
    elif _draw(expected) != _draw(got):
        yield Mismatch(path, "type", expected, got)
    elif len(ours) != len(theirs):  # of too few draws any distribution might be the right one
        yield Mismatch(path, "length", expected, got)
    elif not _is_one_distribution(ours, theirs):
        yield Mismatch(path, "distribution", expected, got)


def _is_one_distribution(ours: Values, theirs: Values) -> bool:
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return False
    # The first distance that is too large settles it: most wrong samplers need no more than one.
    return np.array_equal(ours, theirs) or all(far <= 1.0 for _, far in _distances(ours, theirs))


def _draw(node: Sampled) -> tuple[tuple[int, ...], str]:
    """Return shape and kind of one draw; real numbers are of one kind, whatever their type."""
    if not isinstance(node.draws, Array):
        return (), ""
    shape = node.draws.shape[1:]
    number = "complex number" if node.draws.dtype.startswith("complex") else "number"
    return shape, f"{node.draws.library} {node.draws.dtype}" if shape else number


def rows(node: Sampled) -> Values | None:
    """Return one row of numbers per draw, or None if draws differ in kind or shape."""
    values = floats(node.draws)
    if values is None or not values.ndim or not values.size:
        return None
    flat = values.reshape(len(values), -1)
    parts = [flat.real, flat.imag] if flat.dtype.kind == "c" else [flat]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def distances(ours: Values, theirs: Values) -> tuple[float, float]:
    """Return two-sample Kolmogorov–Smirnov distances over their critical value.

    The first is the largest of any coordinate; the second of 16 fixed random sums of all
    coordinates, which tell independent coordinates from ones that move together.
    """
    worst = [0.0, 0.0]
    for is_sum, distance in _distances(ours, theirs):
        worst[is_sum] = max(worst[is_sum], distance)
    return worst[0], worst[1]


def _distances(ours: Values, theirs: Values) -> Iterator[tuple[bool, float]]:
    """Yield each distance when it is asked for, and whether it is that of a sum."""
    (n, width), m = ours.shape, len(theirs)
    sums = np.random.Generator(np.random.PCG64(0)).standard_normal((16, width))
    sums = sums if width > 1 else sums[:0]
    critical = math.sqrt(math.log(2 * (width + len(sums)) / FALSE_ALARM) * (n + m) / (2 * n * m))
    for pair in zip(ours.T, theirs.T, strict=True):
        yield False, _distance(*pair) / critical
    with np.errstate(invalid="ignore", over="ignore"):
        joint = list(zip(sums @ ours.T, sums @ theirs.T, strict=True))
    for pair in joint:
        yield True, _distance(*pair) / critical


def _distance(left: Values, right: Values) -> float:
    """Return how far two distribution functions are apart, up and down.

    Sideways they may be off by rounding: few values of great weight, as of a normalised vector with
    a part dropped, are off by some rounding errors of what went before. How much is a matter of the
    expected values, on the left, alone: no outlier may make all others alike.
    """
    ours, theirs = np.sort(left), np.sort(right)
    with np.errstate(invalid="ignore", over="ignore"):
        size, spread = np.abs(left).mean(), left.std()

    def rises(first: Values, second: Values) -> float:
        near = 3e-6 * np.maximum(np.abs(first), size) + 1e-4 * spread
        reached = np.arange(1, len(first) + 1) / len(first)
        return float(
            np.max(reached - np.searchsorted(second, first + near, side="right") / len(second))
        )

    with np.errstate(invalid="ignore", over="ignore"):
        return max(rises(ours, theirs), rises(theirs, ours), 0.0)


def describe(node: Node, axes: dict[int, str] | None = None) -> str:
    """Say what kind of thing a node is, without its values; `axes` names sizes."""
    node = _plain(node)
    if isinstance(node, Array):
        library = "NumPy array" if node.library == "numpy" else "Tensor"
        device = " on the meta device" if node.library == "meta" else ""
        return f"{library} {shape_text(node.shape, axes)} of {node.dtype}{device}"
    if isinstance(node, Other):
        article = "an" if node.name[:1] in "ai" else "a"
        return f"{article} {node.name}" if is_plain_other(node) else "an object of another type"
    if isinstance(node, Sampled):
        return _describe_draws(node, axes)
    if isinstance(node, List | Tuple):
        return f"a {type(node).__name__.lower()} of {len(node.items)}"
    names = {Dict: "a dict", bool: "a bool", int: "an int", float: "a float", str: "a str"}
    return names.get(type(node), "None")


def _describe_draws(node: Sampled, axes: dict[int, str] | None) -> str:
    draws = node.draws
    if rows(node) is None or not isinstance(draws, Array):
        return "draws that are not numbers of one shape"
    n, *shape = draws.shape
    counted = f"{n} draw{'' if n == 1 else 's'}"
    if not shape:
        return f"{counted} of {_draw(node)[1]}s"
    one = Array(draws.library, draws.dtype, tuple(shape), b"")
    return f"{counted} of {describe(one, axes)}"


def is_plain_other(node: Other) -> bool:
    """Whether the name says what everybody knows, and no word of the learner's."""
    return PLAIN_NAME.fullmatch(node.name) is not None


def shape_text(shape: tuple[int, ...], axes: dict[int, str] | None = None) -> str:
    """Write a shape, naming the axes whose sizes have one name only."""
    parts = [f"{axes[n]}={n}" if axes and n in axes else str(n) for n in shape]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
