"""Turn the difference between two observations into words, the most telling first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dojo.compare import Mismatch, describe, floats, rows, wrong_places
from dojo.wire import Array, Node, Sampled, to_numpy

__all__ = ["Finding", "explain", "mark_up_path", "show_value"]

Values = NDArray[Any]

PICTURE_ROWS: Final = 8
PICTURE_COLUMNS: Final = 40


@dataclass(frozen=True)
class Finding:
    """One line without values, and lines that may hold them."""

    summary: str
    details: tuple[str, ...] = ()


def explain(
    mismatches: Sequence[Mismatch],
    sizes: dict[str, object],
    masks: Sequence[tuple[str, Array]] = (),
) -> Finding:
    """Explain the first mismatch, and say how many more there are."""
    first = mismatches[0]
    axes = _axis_names(sizes)
    finding = _explain_one(first, axes, sizes, masks)
    where = f"`{mark_up_path(first.path)}`: " if first.path else ""
    others = [mark_up_path(mismatch.path) for mismatch in mismatches[1:]]
    details = list(finding.details)
    if others:
        shown = ", ".join(f"`{name}`" for name in others[:4])
        details.append(f"also wrong: {shown}" + (" …" if len(others) > 4 else ""))
    return Finding(where + finding.summary, tuple(details))


def mark_up_path(path: str) -> str:
    """Write a path into a result: `[0].scores`, or `result` for the whole."""
    return path.lstrip(".") or "result"


def _axis_names(sizes: dict[str, object]) -> dict[int, str]:
    """Map each size to the only name it has; sizes that two names share stay nameless."""
    names: dict[int, list[str]] = {}
    for name, size in sizes.items():
        if type(size) is int:
            names.setdefault(size, []).append(name)
    return {size: found[0] for size, found in names.items() if len(found) == 1}


def _explain_one(
    mismatch: Mismatch,
    axes: dict[int, str],
    sizes: dict[str, object],
    masks: Sequence[tuple[str, Array]],
) -> Finding:
    expected, got = mismatch.expected, mismatch.got
    if mismatch.kind == "missing":
        return Finding("is missing")
    if mismatch.kind == "extra":
        return Finding("is there and should not be")
    if mismatch.kind == "distribution":
        return _explain_samples(mismatch)
    if mismatch.kind in ("type", "length", "dtype", "shape"):
        details = _transposed(expected, got, mismatch.slack)
        return Finding(f"expected {describe(expected, axes)}, got {describe(got)}", details)
    if isinstance(expected, Array) and isinstance(got, Array):
        return _explain_arrays(mismatch, expected, got, axes, sizes, masks)
    details = (f"expected {show_value(expected)}, got {show_value(got)}",)
    ours, theirs = floats(expected), floats(got)
    if ours is not None and theirs is not None and not isinstance(expected, bool):
        form = _form(ours, theirs, _Closeness("float64", mismatch.slack), sizes, {})
        if form:
            return Finding(form, details)
    return Finding("is another value", details)


def show_value(node: Node) -> str:
    """Write a small value for a reader."""
    if isinstance(node, float):
        return f"{node:.6g}"
    text = repr(node)
    return text if len(text) <= 80 else text[:77] + "…"


@dataclass(frozen=True)
class _Closeness:
    """What counts as equal for one leaf."""

    dtype: str
    slack: float

    def __call__(self, ours: Values, theirs: Values) -> bool:
        if ours.shape != theirs.shape:
            return False
        return not wrong_places(ours, theirs, self.dtype, self.slack).any()


def _transposed(expected: Node, got: Node, slack: float) -> tuple[str, ...]:
    """Say so when the values are right in another order of the axes."""
    if not (isinstance(expected, Array) and isinstance(got, Array)):
        return ()
    if len(expected.shape) != len(got.shape) or len(expected.shape) > 5:
        return ()
    if sorted(expected.shape) != sorted(got.shape) or expected.shape == got.shape:
        return ()
    close = _Closeness(expected.dtype, slack)
    ours, theirs = to_numpy(expected), to_numpy(got)
    for i in range(ours.ndim):
        for j in range(i + 1, ours.ndim):
            if close(ours, theirs.swapaxes(i, j)):
                return (f"the values are right with axes {i} and {j} exchanged",)
    return ()


def _explain_arrays(
    mismatch: Mismatch,
    expected: Array,
    got: Array,
    axes: dict[int, str],
    sizes: dict[str, object],
    masks: Sequence[tuple[str, Array]],
) -> Finding:
    ours, theirs = to_numpy(expected), to_numpy(got)
    wrong = wrong_places(ours, theirs, expected.dtype, mismatch.slack)
    count = int(wrong.sum())
    close = _Closeness(expected.dtype, mismatch.slack)
    counted = f"{count} of {wrong.size} values differ"
    form = _form(ours, theirs, close, sizes, axes) if ours.dtype.kind in "fciu" else ""
    place = _place(wrong, axes, masks)
    summary = "; ".join(part for part in (form, counted, place) if part)
    return Finding(summary, (*_worst(ours, theirs, wrong, axes), *_picture(wrong)))


def _form(
    ours: Values, theirs: Values, close: _Closeness, sizes: dict[str, object], axes: dict[int, str]
) -> str:
    """Name the first simple relation that turns what came into what was expected."""
    if np.isnan(theirs).any() and not np.isnan(ours).any():
        return "NaN where a number is due"
    if np.isinf(theirs).any() and np.isfinite(ours).all():
        return "infinite where a finite number is due"
    if not theirs.any() and ours.any():
        return "everything is zero"
    for recognise in (_factor, _offset, _exchange, _shift):
        if text := recognise(ours, theirs, close, sizes, axes):
            return text
    return _rounding(ours, theirs)


def _factor(
    ours: Values, theirs: Values, close: _Closeness, sizes: dict[str, object], axes: dict[int, str]
) -> str:
    finite = np.isfinite(ours) & np.isfinite(theirs)
    if finite.sum() < 1 or not ours[finite].any():
        return ""
    wide = np.where(finite, ours, 0).astype(float), np.where(finite, theirs, 0).astype(float)
    factor = float(np.vdot(*wide) / np.vdot(wide[0], wide[0]))
    if not math.isfinite(factor) or abs(factor) < 1e-12 or (ours.size == 1 and factor < 0):
        return ""
    if not close(ours, theirs / factor) or abs(factor - 1) < 1e-3:
        return ""
    if abs(factor + 1) < 1e-6:
        return "the sign is flipped"
    name = _number_name(abs(factor), sizes)
    if ours.size == 1 and not name:
        return ""  # one number is always a multiple of another
    return f"too {'large' if abs(factor) > 1 else 'small'} by a factor of {factor:.4g}{name}"


def _number_name(factor: float, sizes: dict[str, object]) -> str:
    """Recognise a factor as a size, a small whole number, or a root or inverse of one."""
    numbers = {k: v for k, v in sizes.items() if isinstance(v, int | float)}
    named = {float(v): k for k, v in numbers.items() if v not in (0, 1)}
    plain = {float(n): "" for n in range(2, 65)}
    forms: tuple[tuple[str, Callable[[float], float]], ...] = (
        ("{}", lambda n: n),
        ("√{}", math.sqrt),
        ("1/{}", lambda n: 1 / n),
        ("1/√{}", lambda n: 1 / math.sqrt(n)),
        ("{}²", lambda n: n * n),
    )
    for known in (named, plain):
        for number, name in known.items():
            for form, apply in forms:
                if number > 0 and math.isclose(apply(number), factor, rel_tol=1e-4):
                    text = form.format(f"{number:g}")
                    return f" = {form.format(name)} = {text}" if name else f" = {text}"
    return ""


def _offset(
    ours: Values, theirs: Values, close: _Closeness, sizes: dict[str, object], axes: dict[int, str]
) -> str:
    if ours.size < 2:
        return ""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    if not finite.any():
        return ""
    offset = (theirs[finite].astype(float) - ours[finite].astype(float)).mean()
    if close(ours, (theirs - offset).astype(theirs.dtype)):
        return f"every value is off by the same {offset:.4g}"
    return ""


def _exchange(
    ours: Values, theirs: Values, close: _Closeness, sizes: dict[str, object], axes: dict[int, str]
) -> str:
    for i in range(min(ours.ndim, 4)):
        if close(ours, np.flip(theirs, i)) and ours.shape[i] > 1:
            return f"reversed along axis {_axis(ours, i, axes)}"
        for j in range(i + 1, min(ours.ndim, 4)):
            if ours.shape[i] == ours.shape[j] and close(ours, theirs.swapaxes(i, j)):
                return f"transposed: right with axes {i} and {j} exchanged"
    if ours.ndim > 1 and close(np.sort(ours, axis=None), np.sort(theirs, axis=None)):
        return "the right values in the wrong places (a reshape where a transposition is due?)"
    return ""


def _shift(
    ours: Values, theirs: Values, close: _Closeness, sizes: dict[str, object], axes: dict[int, str]
) -> str:
    for i in range(min(ours.ndim, 4)):
        if ours.shape[i] < 3:
            continue
        late = close(np.take(ours, range(ours.shape[i] - 1), i), _from(theirs, 1, i))
        early = close(_from(ours, 1, i), np.take(theirs, range(ours.shape[i] - 1), i))
        if late or early:
            way = "later" if late else "earlier"
            return f"one position {way} than it should be, along axis {_axis(ours, i, axes)}"
    return ""


def _from(values: Values, start: int, axis: int) -> Values:
    return np.take(values, range(start, values.shape[axis]), axis)


def _rounding(ours: Values, theirs: Values) -> str:
    if ours.size < 2 or ours.dtype.kind != "f" or not np.isfinite(ours).all():
        return ""
    scale = float(np.abs(ours).max())
    error = float(np.abs(ours.astype(float) - theirs.astype(float)).max())
    if scale and 0 < error / scale < 1e-3:
        digits = -math.log10(error / scale)
        return f"right to {digits:.0f} digits only: is something computed in a lower precision?"
    return ""


def _axis(values: Values, i: int, axes: dict[int, str]) -> str:
    name = axes.get(values.shape[i])
    return f"{i} ({name})" if name else str(i)


def _place(wrong: Values, axes: dict[int, str], masks: Sequence[tuple[str, Array]]) -> str:
    """Say where the wrong values are, if they keep to one part."""
    if wrong.all() or not wrong.ndim:
        return ""
    for name, mask in masks:
        true = to_numpy(mask).astype(bool)
        if true.ndim <= wrong.ndim and true.shape == wrong.shape[: true.ndim] and true.any():
            rows = wrong.any(axis=tuple(range(true.ndim, wrong.ndim)))
            if not (rows & ~true).any():
                return f"only where `{name}` is True"
            if not (rows & true).any() and not true.all():
                return f"only where `{name}` is False"
    for i in range(wrong.ndim):
        rows = wrong.any(axis=tuple(j for j in range(wrong.ndim) if j != i))
        if rows.all() or wrong.shape[i] < 2:
            continue
        label = axes.get(wrong.shape[i]) or f"axis {i}"
        indices = np.flatnonzero(rows)
        if len(indices) == wrong.shape[i] - 1:
            return f"only {label} = {int(np.flatnonzero(~rows)[0])} is right"
        if len(indices) == 1:
            return f"only {label} = {int(indices[0])} is wrong"
        if len(indices) == indices[-1] - indices[0] + 1:
            return f"only {label} = {int(indices[0])} … {int(indices[-1])} is wrong"
    return ""


def _worst(ours: Values, theirs: Values, wrong: Values, axes: dict[int, str]) -> tuple[str, ...]:
    """Return a line about the element that is furthest off."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(theirs.astype(complex) - ours.astype(complex))
    error = np.where(wrong, np.where(np.isnan(error), np.inf, error), -1)
    index = np.unravel_index(int(np.argmax(error)), ours.shape)
    names = [axes.get(n, "") for n in ours.shape]
    place = ", ".join(f"{n}={i}" if n else str(i) for n, i in zip(names, index, strict=True))
    value = f"expected {_short(ours[index])}, got {_short(theirs[index])}"
    return (f"worst at ({place}): {value}" if place else value,)


def _short(value: Any) -> str:
    return f"{value:.6g}" if value.dtype.kind in "fc" else str(value)


def _picture(wrong: Values) -> tuple[str, ...]:
    """Draw where the wrong values are: the last two axes, one row of the rest."""
    if wrong.ndim < 2 or wrong.all() or wrong.shape[-1] > PICTURE_COLUMNS:
        return ()
    grid = wrong.reshape(-1, wrong.shape[-1])
    lines = ["".join("x" if bad else "·" for bad in row) for row in grid[:PICTURE_ROWS]]
    if len(grid) > PICTURE_ROWS:
        lines.append(f"… {len(grid) - PICTURE_ROWS} more rows")
    return tuple(lines)


def _explain_samples(mismatch: Mismatch) -> Finding:
    both = [rows(node) for node in (mismatch.expected, mismatch.got) if isinstance(node, Sampled)]
    ours, theirs = both
    if ours is None or theirs is None:
        return Finding("the draws are not numbers of one shape")
    if not np.isfinite(theirs).all():
        return Finding(f"some of {len(theirs)} draws are NaN or infinite")
    return Finding(
        f"the distribution of {len(theirs)} draws is another one",
        (
            f"mean: expected {_row(ours.mean(0))}, got {_row(theirs.mean(0))}",
            f"standard deviation: expected {_row(ours.std(0))}, got {_row(theirs.std(0))}",
        ),
    )


def _row(values: Values) -> str:
    flat = np.asarray(values).reshape(-1)
    text = ", ".join(f"{value:.3g}" for value in flat[:6])
    return f"[{text}{', …' if flat.size > 6 else ''}]" if flat.size > 1 else text
