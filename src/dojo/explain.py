"""Turn the difference between two observations into words, the most telling first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dojo.compare import (
    TOLERANCES,
    Mismatch,
    describe,
    distances,
    floats,
    is_plain_other,
    ordinary,
    precision,
    rows,
    shape_text,
    wrong_places,
)
from dojo.wire import Array, Node, Other, Sampled, to_numpy

__all__ = ["Finding", "explain", "mark_up_path", "show_value"]

Values = NDArray[Any]
Sizes = dict[str, object]

PICTURE_ROWS: Final = 8
PICTURE_COLUMNS: Final = 40
STRUCTURE: Final = ("missing", "type", "length", "shape", "dtype")


@dataclass(frozen=True)
class Finding:
    """One line without values or words of the learner's, and lines that may hold them."""

    summary: str
    details: tuple[str, ...] = ()


def explain(
    mismatches: Sequence[Mismatch],
    sizes: Sizes,
    masks: Sequence[tuple[str, Array]] = (),
) -> Finding:
    """Explain the most basic mismatch, and say which others there are."""
    ordered = sorted(mismatches, key=_rank)
    first, others = ordered[0], ordered[1:]
    finding = _explain_one(first, _axis_names(sizes), sizes, masks)
    details = finding.details
    if others:
        shown = ", ".join(_located(m.path) for m in others[:4])
        more = f" and {len(others) - 4} more" if len(others) > 4 else ""
        details = (*details, f"also wrong: {shown}{more}")
    return Finding(finding.summary, details)


def _rank(mismatch: Mismatch) -> int:
    """Structure comes before values, and what is too much last of it."""
    return 0 if mismatch.kind in STRUCTURE else 1 if mismatch.kind == "extra" else 2


def mark_up_path(path: str) -> str:
    """Write a path into a result: `[0].scores`, or `result` for the whole."""
    return path.lstrip(".") or "result"


def _axis_names(sizes: Sizes) -> dict[int, str]:
    """Map each size to the only name it has; sizes that two names share stay nameless."""
    names: dict[int, list[str]] = {}
    for name, size in sizes.items():
        if type(size) is int:
            names.setdefault(size, []).append(name)
    return {size: found[0] for size, found in names.items() if len(found) == 1}


def _explain_one(
    mismatch: Mismatch,
    axes: dict[int, str],
    sizes: Sizes,
    masks: Sequence[tuple[str, Array]],
) -> Finding:
    place = _located(mismatch.path)
    if mismatch.kind == "extra":
        return Finding("there is an entry too many", (f"nobody asked for {place}",))
    if mismatch.kind == "missing":
        return Finding(f"{place} is missing")
    if mismatch.kind == "distribution":
        finding = _explain_samples(mismatch)
    elif mismatch.kind != "values":
        finding = _explain_structure(mismatch, axes)
    elif isinstance(mismatch.expected, str) and isinstance(mismatch.got, str):
        finding = _explain_text(mismatch.expected, mismatch.got)
    else:
        finding = _explain_values(mismatch, axes, sizes, masks)
    where = f"{place}: " if mismatch.path else ""
    return Finding(where + finding.summary, finding.details)


def _located(path: str) -> str:
    """Write a path for a sentence; one into a hosted object's log begins with who saw it."""
    who, saw, rest = path.partition(" saw.")
    if saw and who.isidentifier():
        return f"what `{who}` saw, `{_quoted(rest)}`"
    return f"`{_quoted(mark_up_path(path))}`"


def show_value(node: Node) -> str:
    """Write a small value for a reader."""
    if isinstance(node, float):
        return f"{node:.6g}"
    text = repr(node[:100] if isinstance(node, str) else node)
    return text if len(text) <= 80 else text[:77] + "…"


def _quoted(text: str) -> str:
    """Return untrusted text as one short line without backticks or control characters."""
    kept = "".join(c for c in text[:200] if c.isprintable() and c != "`")
    return kept if len(kept) <= 60 else kept[:59] + "…"


# Structure: type, length, shape, dtype


def _explain_structure(mismatch: Mismatch, axes: dict[int, str]) -> Finding:
    expected, got = mismatch.expected, mismatch.got
    said = f"expected {describe(expected, axes)}, got {describe(got)}"
    details: list[str] = []
    if isinstance(got, Other) and not is_plain_other(got):
        details.append(f"its type is `{_quoted(got.name)}`")
    if got is None and not mismatch.path:
        details.append("nothing was returned: does every way through the code end in a `return`?")
    if isinstance(expected, Array) and isinstance(got, Array):
        said = _two_arrays(expected, got, mismatch.kind, axes)
        if note := _same_values(expected, got, mismatch.slack):
            said += f"; {note}"
    return Finding(said, tuple(details))


def _two_arrays(expected: Array, got: Array, kind: str, axes: dict[int, str]) -> str:
    """Name only that in which two arrays differ."""
    if kind == "dtype":
        return f"expected {expected.dtype}, got {got.dtype}"
    if kind == "shape":
        names = [describe(node).split(" (")[0] for node in (expected, got)]
        shapes = shape_text(expected.shape, axes), shape_text(got.shape)
        return f"expected {names[0]} {shapes[0]}, got {names[1]} {shapes[1]}"
    return f"expected {describe(expected, axes)}, got {describe(got)}"


def _same_values(expected: Array, got: Array, slack: float) -> str:
    """Say so when the values are right and only their arrangement or type is not."""
    if "meta" in (expected.library, got.library) or not expected.data:
        return ""
    if math.prod(expected.shape) != math.prod(got.shape):
        return ""
    ours, theirs = to_numpy(expected), to_numpy(got)
    close = _Closeness(_rougher(expected.dtype, got.dtype), slack)
    if ours.shape == theirs.shape:
        return "its values are right" if close(ours, theirs) else ""
    for i, j in itertools.combinations(range(min(theirs.ndim, 5)), 2):
        if close(ours, theirs.swapaxes(i, j)):
            return f"axes {i} and {j} are swapped"
    if ours.size > 1 and close(ours.reshape(-1), theirs.reshape(-1)):
        bare = [[n for n in shape if n != 1] for shape in (ours.shape, theirs.shape)]
        return "right but for axes of size 1" if bare[0] == bare[1] else "right when reshaped"
    return ""


def _rougher(one: str, other: str) -> str:
    """Return the dtype with the wider tolerance; whole numbers have none."""
    return max(one, other, key=lambda dtype: TOLERANCES.get(dtype, (0.0,))[0])


# Text


def _explain_text(expected: str, got: str) -> Finding:
    same = len(_beginning(expected, got))
    if expected.casefold() == got.casefold():
        said = "differs in upper and lower case only"
    elif expected.split() == got.split():
        said = "differs in white space only"
    elif not got:
        said = "is empty"
    elif same == len(got):
        said = f"breaks off after {same} characters"
    elif same == len(expected):
        said = f"goes on after {same} characters, where it should end"
    else:
        said = f"differs from character {same} on" if same else "is another text"
    start = max(0, same - 30)
    shown = [show_value(text[start : start + 66]) for text in (expected, got)]
    note = (f"both from character {start} on",) if start else ()
    return Finding(said, (f"expected {shown[0]}", f"got      {shown[1]}", *note))


def _beginning(one: str, other: str) -> str:
    """Return what two texts begin with alike."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(pair[0] for pair in pairs)


# Numbers and arrays


@dataclass(frozen=True)
class _Closeness:
    """What counts as equal for one leaf."""

    dtype: str
    slack: float

    def __call__(self, ours: Values, theirs: Values) -> bool:
        if ours.shape != theirs.shape:
            return False
        return not wrong_places(ours, theirs, self.dtype, self.slack).any()


@dataclass(frozen=True)
class _Pair:
    """What was expected and what came, of one shape and dtype, different somewhere."""

    ours: Values
    theirs: Values
    dtype: str
    slack: float
    sizes: Sizes = field(default_factory=dict)
    axes: dict[int, str] = field(default_factory=dict)

    @property
    def close(self) -> _Closeness:
        """Return the test by which a form is recognised, even where much slack is allowed."""
        common = ordinary(self.ours)
        scale = float(np.max(np.abs(self.ours), initial=0.0, where=common))
        return _Closeness(self.dtype, min(self.slack, 1e-3 * scale))

    @property
    def finite(self) -> Values:
        """Return where both are finite and no stand-ins for infinity."""
        return ordinary(self.ours) & np.isfinite(self.theirs)

    @property
    def variety(self) -> int:
        """Return how many different sizes the expected values have, up to rounding."""
        values = np.abs(self.ours[self.finite])
        return len({f"{value:.4g}" for value in values[values != 0][:1000].astype(float)})

    @property
    def exact(self) -> bool:
        """Return whether these are truth values or whole numbers."""
        return self.ours.dtype.kind in "biu"

    @property
    def tolerance(self) -> float:
        """Return what the dtype alone may cost, relative to the largest value."""
        return sum(TOLERANCES.get(self.dtype, (0.0, 0.0)))

    def telling(self, n: int) -> bool:
        """Return whether it is no accident that n values agree: once in ten thousand at most."""
        digits = {"b": 0.45, "i": 1.0, "u": 1.0}.get(self.ours.dtype.kind)
        return n * (digits or -math.log10(self.tolerance)) >= 4

    def axis(self, i: int) -> str:
        """Return an axis by number, and by name if its size has one."""
        name = self.axes.get(self.ours.shape[i])
        return f"axis {i} ({name})" if name else f"axis {i}"


def _explain_values(
    mismatch: Mismatch,
    axes: dict[int, str],
    sizes: Sizes,
    masks: Sequence[tuple[str, Array]],
) -> Finding:
    expected, got = mismatch.expected, mismatch.got
    arrays = isinstance(expected, Array) and isinstance(got, Array)
    ours, theirs = (to_numpy(n) if isinstance(n, Array) else floats(n) for n in (expected, got))
    if ours is None or theirs is None or isinstance(expected, bool):
        shown = f"expected {show_value(expected)}, got {show_value(got)}"
        return Finding("the value differs", (shown,))
    if isinstance(expected, int):
        ours, theirs = np.array(expected), np.array(got)
    pair = _Pair(ours, theirs, precision(expected), mismatch.slack, sizes, axes)
    form = _form(pair)
    if not arrays:
        (worst,) = _worst(pair, np.array(True))
        return Finding(form or "the value differs", (worst,))
    wrong = wrong_places(ours, theirs, pair.dtype, mismatch.slack)
    count = int(wrong.sum())
    counted = f"{count} of {wrong.size} values differ" if not wrong.all() else "all values differ"
    counted = counted if wrong.size > 1 else "the value differs"
    summary = "; ".join(part for part in (form, counted) if part)
    if place := _place(pair, wrong, masks):
        summary += f", {place}"
    return Finding(summary, (*_worst(pair, wrong), *_picture(pair, wrong)))


def _form(pair: _Pair) -> str:
    """Name the first simple relation between what came and what was expected."""
    if text := _not_finite(pair):
        return text
    if pair.ours.dtype.kind == "b":
        return _exchange(pair) or _shift(pair) or _inverse(pair)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        nothing = pair.ours.any() and not pair.theirs.any()
    if nothing and not (pair.exact and pair.ours.size == 1):
        return "zero where a number is due" if pair.ours.size == 1 else "everything is zero"
    if _constant(pair):
        return "every value is the same"
    for recognise in (_sign, _factor, _offset, _exchange, _shift, _places, _rounding):
        if text := recognise(pair):
            return text
    return ""


def _not_finite(pair: _Pair) -> str:
    if pair.exact:
        return ""
    ours, theirs = pair.ours, pair.theirs
    if (np.isnan(theirs) & ~np.isnan(ours)).any():
        return "NaN where a number is due"
    if (np.isinf(theirs) & np.isfinite(ours)).any():
        return "infinite where a finite number is due"
    if (np.isnan(ours) & ~np.isnan(theirs)).any():
        return "a number where NaN is due"
    due = np.isinf(ours) & np.isfinite(theirs)
    if due.any():
        signs = np.unique(np.sign(ours[due].real))
        what = {-1.0: "−∞", 1.0: "∞"}.get(float(signs[0])) if len(signs) == 1 else "±∞"
        return f"finite where {what} is due"
    return ""


def _inverse(pair: _Pair) -> str:
    if pair.ours.size > 2 and (pair.ours != pair.theirs).all():
        return "True and False are exchanged"
    return ""


def _constant(pair: _Pair) -> bool:
    values = pair.theirs
    if values.size < 3 or not np.isfinite(values).all() or pair.variety < 2:
        return False
    return bool((values == values.reshape(-1)[0]).all())


def _sign(pair: _Pair) -> str:
    if pair.ours.dtype.kind == "u" or not pair.telling(
        int(np.count_nonzero(pair.ours[pair.finite]))
    ):
        return ""
    return "the sign is flipped" if pair.close(pair.ours, -pair.theirs) else ""


def _factor(pair: _Pair) -> str:
    """Recognise a constant factor: from many values, or from one if its factor has a name."""
    finite = pair.finite
    if pair.ours.dtype.kind == "c" or not pair.ours[finite].any():
        return ""
    ours, theirs = (np.where(finite, v, 0).astype(float) for v in (pair.ours, pair.theirs))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        factor = float(np.vdot(ours, theirs) / np.vdot(ours, ours))
    if not math.isfinite(factor) or abs(factor) < 1e-12:
        return ""
    if abs(abs(factor) - 1) < max(1e-3, 3 * pair.tolerance):
        return ""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        undone = pair.theirs / factor
    if not pair.close(pair.ours, undone):
        return ""
    near = max(1e-4, 0.1 * pair.tolerance)
    named = _name_by_size(abs(factor), pair.sizes, near)
    enough = pair.telling(pair.variety - 1)
    known = named or 2.0 in (abs(factor), 1 / abs(factor))
    if not enough and (pair.exact or pair.tolerance > 1e-3 or not known):
        return ""  # one number is always a multiple of another
    flipped = " and of the wrong sign" if factor < 0 else ""
    size = "large" if abs(factor) > 1 else "small"
    name = named or _name_by_number(abs(factor), near)
    return f"too {size} by a factor of {abs(factor):.4g}{name}{flipped}"


FORMS: Final[tuple[tuple[str, Callable[[float], float]], ...]] = (
    ("{}", float),
    ("√{}", math.sqrt),
    ("1/{}", lambda n: 1 / n),
    ("1/√{}", lambda n: 1 / math.sqrt(n)),
    ("{}²", lambda n: n * n),
    ("1/{}²", lambda n: 1 / (n * n)),
)


def _name_by_size(factor: float, sizes: Sizes, near: float) -> str:
    """Say which of the case's sizes, or of two of them, makes this factor, and how."""
    known = {k: float(v) for k, v in sizes.items() if type(v) in (int, float) and v > 0}  # type: ignore[arg-type,operator]
    named = dict(known)
    named |= {f"1 − {k}": 1 - v for k, v in known.items() if v < 1}
    whole = {k: v for k, v in known.items() if type(sizes[k]) is int}
    named |= {f"({k} − 1)/{k}": (v - 1) / v for k, v in whole.items() if v > 1}
    for (a, m), (b, n) in itertools.permutations(whole.items(), 2):
        if m % n == 0 and n > 1:
            named[f"{a}/{b}"] = m / n
    named |= {
        f"{a}·{b}": m * n
        for (a, m), (b, n) in itertools.combinations(whole.items(), 2)
        if min(m, n) > 1
    }
    for form, apply in FORMS:
        for name, number in named.items():
            if number != 1 and math.isclose(apply(number), factor, rel_tol=near):
                text = form.format(f"{number:g}")
                return f" = {text} ({name} is {number:g})" if form != "{}" else f" ({name})"
    return ""


def _name_by_number(factor: float, near: float) -> str:
    """Recognise a factor as a root or an inverse of a small whole number."""
    for form, apply in FORMS[:4]:
        for number in range(2, 65):
            if math.isclose(apply(number), factor, rel_tol=near):
                return f" = {form.format(number)}" if form != "{}" else ""
    return ""


def _offset(pair: _Pair) -> str:
    if pair.ours.dtype.kind == "c":
        return ""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = pair.theirs[pair.finite].astype(float) - pair.ours[pair.finite].astype(float)
    if pair.exact and pair.ours.size == 1 and abs(apart[0]) == 1:
        return f"too {'large' if apart[0] > 0 else 'small'} by 1"
    if len(apart) < 3 or not pair.telling(len(apart) - 1):
        return ""
    offset = float(apart.mean())
    spread = float(np.abs(apart - offset).max())
    scale = float(np.abs(pair.ours[pair.finite]).max())
    rounding = pair.tolerance * scale
    if spread <= 0.1 * abs(offset) and spread <= rounding and abs(offset) > 0:
        return f"every value is too {'large' if offset > 0 else 'small'} by {abs(offset):.4g}"
    return ""


def _exchange(pair: _Pair) -> str:
    ours, theirs, close = pair.ours, pair.theirs, pair.close
    if not pair.telling(ours.size):
        return ""
    for i in range(min(ours.ndim, 4)):
        if ours.shape[i] > 1 and close(ours, np.flip(theirs, i)):
            return f"reversed along {pair.axis(i)}"
    for i, j in itertools.combinations(range(min(ours.ndim, 4)), 2):
        if ours.shape[i] == ours.shape[j] and close(ours, theirs.swapaxes(i, j)):
            return f"transposed: axes {i} and {j} are swapped"
    return ""


def _shift(pair: _Pair) -> str:
    ours, theirs, close = pair.ours, pair.theirs, pair.close
    for i in range(min(ours.ndim, 4)):
        n = ours.shape[i]
        if n < 3 or not pair.telling(ours.size - ours.size // n):
            continue
        head, tail = (np.take(ours, range(*ends), i) for ends in ((0, n - 1), (1, n)))
        if close(head, tail):
            continue  # nothing to see a shift by
        late = close(head, np.take(theirs, range(1, n), i))
        early = close(tail, np.take(theirs, range(n - 1), i))
        if late or early:
            way = "later" if late else "earlier"
            return f"one position {way} than it should be, along {pair.axis(i)}"
    return ""


def _places(pair: _Pair) -> str:
    """Recognise the right values in another order, if they are different enough to tell."""
    ours, theirs, close = pair.ours, pair.theirs, pair.close
    if pair.dtype not in ("float32", "float64") or ours.size < 6:
        return ""
    some = ours.reshape(-1)[:1000]
    scale = float(np.abs(some[np.isfinite(some)]).max(initial=0.0)) or 1.0
    if len({f"{value / scale:.3f}" for value in some}) < 6:
        return ""  # one-hot, nearly: what is small is all alike
    if not close(np.sort(ours, axis=None), np.sort(theirs, axis=None)):
        return ""
    if _reshaped(ours, theirs, close):
        return "right values in the wrong places: a reshape where a transposition is due"
    return "right values in the wrong places"


def _reshaped(ours: Values, theirs: Values, close: _Closeness) -> bool:
    """Whether a reshape stands in for swapping two axes, one of which may have been split off."""
    views = [ours]
    for i, n in enumerate(ours.shape[:4]):
        parts = (k for k in range(2, min(n, 64)) if n % k == 0)
        views += (ours.reshape(*ours.shape[:i], k, n // k, *ours.shape[i + 1 :]) for k in parts)
    flat = theirs.reshape(-1)
    return any(
        close(view.swapaxes(i, j).reshape(-1), flat)
        for view in views
        for i, j in itertools.combinations(range(min(view.ndim, 5)), 2)
    )


def _rounding(pair: _Pair) -> str:
    """Recognise values that are right but for their last digits."""
    ours, theirs = pair.ours, pair.theirs
    if ours.dtype.kind != "f" or ours.size < 2 or not np.isfinite(ours).all():
        return ""
    if not ordinary(ours).all() or not ours.any() or pair.tolerance > 1e-3:
        return ""
    ours, theirs = ours.astype(float), theirs.astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(ours - theirs)
        worst = float(error.max() / np.abs(ours).max())
        typical = float(np.median(error[ours != 0] / np.abs(ours[ours != 0])))
    if not 0 < worst < 1e-3 or typical > 1e-2:
        return ""
    said = f"right to {-math.log10(worst):.0f} digits only"
    off = (theirs - ours)[ours != 0] / ours[ours != 0]
    if off.size >= 4 and pair.dtype == "float64" and off.std() < 0.05 * abs(off.mean()):
        return f"{said}, all off by the same fraction: is an eps added where none is due?"
    if pair.dtype == "float64" and worst < 1e-5:
        return f"{said}: is something computed in float32?"
    return f"{said}: another eps, or a lower precision?"


# Places


def _place(pair: _Pair, wrong: Values, masks: Sequence[tuple[str, Array]]) -> str:
    """Say where the wrong values are, if they keep to one part."""
    if wrong.all() or not wrong.ndim:
        return ""
    exactly, roughly = _by_mask(wrong, masks)
    return exactly or _by_axis(pair, wrong) or roughly


def _by_mask(wrong: Values, masks: Sequence[tuple[str, Array]]) -> tuple[str, str]:
    """Return words for a mask that is the wrong part, and for one that holds the wrong part."""
    roughly = ""
    for name, mask in masks:
        true = to_numpy(mask).astype(bool)
        if true.all() or not true.any():
            continue
        for axes in itertools.combinations(range(wrong.ndim), true.ndim):
            if tuple(wrong.shape[i] for i in axes) != true.shape:
                continue
            touched = wrong.any(axis=tuple(i for i in range(wrong.ndim) if i not in axes))
            for part, value in ((true, "True"), (~true, "False")):
                words = f"only where `{name}` is {value}"
                if (touched == part).all():
                    return words, ""
                if touched.sum() > 2 and not (touched & ~part).any():
                    roughly = roughly or words
    return "", roughly


def _by_axis(pair: _Pair, wrong: Values) -> str:
    for i in range(wrong.ndim):
        n = wrong.shape[i]
        touched = wrong.any(axis=tuple(j for j in range(wrong.ndim) if j != i))
        indices = np.flatnonzero(touched)
        if touched.all() or n < 2:
            continue
        first, last = int(indices[0]), int(indices[-1])
        if len(indices) == 1:
            return f"all at index {first} of {pair.axis(i)}"
        if len(indices) == n - 1:
            return f"none at index {int(np.flatnonzero(~touched)[0])} of {pair.axis(i)}"
        if len(indices) == last - first + 1:
            return f"all at indices {first} … {last} of {pair.axis(i)}"
    return ""


def _worst(pair: _Pair, wrong: Values) -> tuple[str, ...]:
    """Return a line about the element that is furthest off."""
    ours, theirs = pair.ours, pair.theirs
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(theirs.astype(complex) - ours.astype(complex))
    error = np.where(wrong, np.where(np.isnan(error), np.inf, error), -1)
    index = np.unravel_index(int(np.argmax(error)), ours.shape)
    shown = _two(ours[index], theirs[index])
    value = f"expected {shown[0]}, got {shown[1]}"
    if not index:
        return (value,)
    names = [pair.axes.get(n) for n in ours.shape]
    named = f" ({', '.join(name for name in names if name)})" if all(names) else ""
    return (f"worst at [{', '.join(str(i) for i in index)}]{named}: {value}",)


def _two(ours: Any, theirs: Any) -> tuple[str, str]:
    """Write two numbers with as many digits as it takes to tell them apart."""
    if ours.dtype.kind not in "fc":
        return str(ours), str(theirs)
    for digits in (6, 9, 13):
        with np.errstate(invalid="ignore"):  # a signalling NaN
            shown = f"{ours:.{digits}g}", f"{theirs:.{digits}g}"
        if shown[0] != shown[1]:
            return shown
    return repr(ours.item()), repr(theirs.item())


def _picture(pair: _Pair, wrong: Values) -> tuple[str, ...]:
    """Draw where the wrong values are: a line for every row of the last axis that matters."""
    if wrong.all():
        return ()
    while wrong.ndim > 1 and (wrong == wrong[..., :1]).all():
        wrong = wrong[..., 0]
    if wrong.ndim < 2 or not 1 < wrong.shape[-1] <= PICTURE_COLUMNS:
        return ()
    grid = wrong.reshape(-1, wrong.shape[-1])
    first = int(np.flatnonzero(grid.any(axis=1))[0])
    start = min(max(first - 1, 0), max(len(grid) - PICTURE_ROWS, 0))
    lines = ["".join("x" if bad else "·" for bad in row) for row in grid[start:][:PICTURE_ROWS]]
    part = f", lines {start + 1} to {start + len(lines)} of {len(grid)}"
    across = pair.axis(wrong.ndim - 1)
    return (f"x is wrong, {across} across{part if len(lines) < len(grid) else ''}:", *lines)


# Samples


def _explain_samples(mismatch: Mismatch) -> Finding:
    expected, got = mismatch.expected, mismatch.got
    ours = rows(expected) if isinstance(expected, Sampled) else None
    theirs = rows(got) if isinstance(got, Sampled) else None
    if ours is None or theirs is None:
        return Finding("the draws are not numbers of one shape")
    if not np.isfinite(theirs).all():
        return Finding(f"some of the {len(theirs)} draws are NaN or infinite")
    with np.errstate(over="ignore", invalid="ignore"):  # the sum of huge values
        details = (
            f"mean: expected {_row(ours.mean(0))}, got {_row(theirs.mean(0))}",
            f"standard deviation: expected {_row(ours.std(0))}, got {_row(theirs.std(0))}",
        )
    if (theirs == theirs[0]).all() and not (ours == ours[0]).all():
        return Finding(f"all {len(theirs)} draws are the same", details)
    single, _ = distances(ours, theirs)
    if single <= 1.0:
        said = f"the numbers in each of the {len(theirs)} draws do not vary together as they should"
        return Finding(said, ("each number alone is distributed as it should be", *details))
    return Finding(
        f"the {len(theirs)} draws are distributed otherwise than they should be", details
    )


def _row(values: Values) -> str:
    flat = np.asarray(values).reshape(-1)
    text = ", ".join(f"{value:.3g}" for value in flat[:6])
    return f"[{text}{', …' if flat.size > 6 else ''}]" if flat.size > 1 else text
