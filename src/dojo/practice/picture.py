"""Where a wrong answer differs: the expected and the returned arrays of its first failing case.

This is for people who have the clone, and with it the solution. Nothing that is released uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from dojo.compare import Mismatch, compare, floats, precision, wrong_places
from dojo.engine import Engine
from dojo.explain import mark_up_path
from dojo.reference import Expected, Key, Outcome, References, outcomes
from dojo.suite import CaseSpec, Entry
from dojo.wire import Array

__all__ = ["Matrix", "Picture", "pictures"]

Values: TypeAlias = NDArray[Any]

MOST: Final = 3
"""Pictures of one case: what is wrong in ten gradients shows in three of them."""
SIDE: Final = 32
"""The longest side of a picture; of larger matrices the part around the worst place is shown."""


@dataclass(frozen=True)
class Matrix:
    """Two axes of an array, as much of them as can be shown."""

    values: Values
    rows: str
    columns: str
    first: tuple[int, int]
    """Where the part that is shown begins."""


@dataclass(frozen=True)
class Picture:
    """One array that is not what it should be."""

    title: str
    """The case's."""
    sizes: str
    place: str
    """Where in the result the array is."""
    at: str
    """Which part of the array is shown."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    expected: Matrix
    got: Matrix
    wrong: NDArray[np.bool_] | None
    """Where they differ; None if their shapes do."""
    n_wrong: int
    total: int


def pictures(
    engine: Engine, references: References, entry: Entry, text: str
) -> tuple[Picture, ...]:
    """Run an answer and return what its first case with a wrong array shows, or nothing."""
    key = Key.of(entry)
    record = references.record(key)
    job = structs.replace(key.job(text, f"{entry.name}.py"), watch=())
    run = engine.run(job, record.limits, key.host, opens=record.opens)
    if run.broken is not None:
        return ()
    answers = outcomes(run, len(key.specs))
    for spec, expected, answer in zip(key.specs, record.cases, answers, strict=True):
        found = _of_case(spec, expected, answer)
        if found:
            return tuple(found[:MOST])
    return ()


def _of_case(spec: CaseSpec, expected: Expected, answer: Outcome) -> list[Picture]:
    ours, theirs = expected.outcome.observed, answer.observed
    if ours is None or theirs is None or ours.failure or theirs.failure:
        return []
    found = []
    for mismatch in compare(ours.value, theirs.value, expected.nudged):
        if mismatch.kind in ("values", "shape"):
            picture = _draw(spec, mismatch)
            if picture is not None:
                found.append(picture)
    return sorted(found, key=lambda picture: -min(picture.expected.values.shape))


def _draw(spec: CaseSpec, mismatch: Mismatch) -> Picture | None:
    ours, theirs = _real(mismatch.expected), _real(mismatch.got)
    if ours is None or theirs is None or min(ours.size, theirs.size) < 1 or ours.size < 2:
        return None
    same = ours.shape == theirs.shape
    if same:
        wrong = wrong_places(ours, theirs, precision(mismatch.expected), mismatch.slack)
        worst = _worst(ours, theirs, wrong)
    else:
        wrong, worst = np.zeros(ours.shape, bool), (0,) * ours.ndim
    names = _names(spec)
    return Picture(
        title=spec.title,
        sizes=spec.id.partition("[")[2].removesuffix("]").replace(",", ", "),
        place=mark_up_path(mismatch.path),
        at=_part(ours.shape, worst, names),
        shapes=(ours.shape, theirs.shape),
        expected=_matrix(ours, worst, names),
        got=_matrix(theirs, worst if same else (0,) * theirs.ndim, names),
        wrong=_matrix(wrong, worst, names).values if same else None,
        n_wrong=int(wrong.sum()),
        total=ours.size,
    )


def _real(node: Any) -> Values | None:
    """Return an array's values as float64; of complex ones the magnitude."""
    values = floats(node) if isinstance(node, Array) else None
    if values is None:
        return None
    return np.abs(values) if values.dtype.kind == "c" else values


def _worst(ours: Values, theirs: Values, wrong: NDArray[np.bool_]) -> tuple[int, ...]:
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(theirs - ours)
    size = np.where(np.isfinite(size), size, np.inf)
    index = np.unravel_index(int(np.argmax(np.where(wrong, size, -1.0))), ours.shape)
    return tuple(int(i) for i in index)


def _matrix(values: Values, worst: tuple[int, ...], names: dict[int, str]) -> Matrix:
    """Return the last two axes around the worst place; a vector is one row."""
    if values.ndim < 2:
        flat = values.reshape(1, -1)
        place: tuple[int, int] = (0, worst[-1] if worst else 0)
        rows = ""
    else:
        flat = values[worst[:-2]]
        place = worst[-2], worst[-1]
        rows = _axis(flat.shape[0], names)
    first = _window(flat.shape[0], place[0]), _window(flat.shape[1], place[1])
    part = flat[first[0] : first[0] + SIDE, first[1] : first[1] + SIDE]
    return Matrix(part, rows, _axis(flat.shape[1], names), first)


def _window(size: int, place: int) -> int:
    return max(0, min(place - SIDE // 2, size - SIDE))


def _part(shape: tuple[int, ...], worst: tuple[int, ...], names: dict[int, str]) -> str:
    """Say which matrix of a larger array is shown."""
    leading = [f"{names.get(size, 'index')} {i}" for size, i in zip(shape, worst, strict=True)]
    return ", ".join(leading[:-2])


def _axis(size: int, names: dict[int, str]) -> str:
    return f"{names[size]} = {size}" if size in names else str(size)


def _names(spec: CaseSpec) -> dict[int, str]:
    """Map each size to the only name that it has in this case."""
    found: dict[int, list[str]] = {}
    for name, size in spec.sizes.items():
        if type(size) is int:
            found.setdefault(size, []).append(name)
    return {size: names[0] for size, names in found.items() if len(names) == 1}
