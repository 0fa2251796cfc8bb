"""Whether an answer keeps within what the solution spends: counted, never timed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dojo.meter import COUNTS
from dojo.reference import Expected, Outcome
from dojo.suite import CaseSpec
from dojo.wire import Dict, Node

__all__ = [
    "Excess",
    "alike",
    "distance",
    "doubts",
    "excesses",
    "is_unsteady",
    "unbudgeted",
    "uncounted",
    "unknown",
    "words",
]

ALIKE: Final = 2.0
"""Two answers over the same budget are of one kind if their costs differ by this factor at most."""
STEADY: Final = 0.02
"""How much of a cost may hang on a rounding error."""
IMPLAUSIBLE: Final = 0.1
"""Below this part of the solution's cost, an instructor should look where the rest was spent."""
NAMES: Final = {
    "elements": "elements written",
    "flops": "floating-point operations",
    "peak": "peak memory",
    "steps": "steps of Python",
}


@dataclass(frozen=True)
class Excess:
    """A count over its budget."""

    name: str
    count: int
    ours: int
    """What the solution spends."""
    allowed: float
    """The multiple of that which may be spent."""

    @property
    def times(self) -> float:
        """The multiple that is spent."""
        return self.count / max(self.ours, 1)

    @property
    def is_memory(self) -> bool:
        """Whether it is memory that is too much, and not work."""
        return self.name == "peak"

    def __str__(self) -> str:
        """Say so without a number that could carry more than its size."""
        what = NAMES.get(self.name, self.name)
        return (
            f"{_times(self.times)} the {what} that the solution needs (allowed: {self.allowed:g}×)"
        )

    @property
    def detail(self) -> str:
        """The counts themselves."""
        what = NAMES.get(self.name, self.name)
        show = _bytes if self.is_memory else _number
        return f"{what}: {show(self.count)}, the solution {show(self.ours)}"


def _times(ratio: float) -> str:
    if ratio > 100:
        return "more than 100×"
    return f"{ratio:.0f}×" if ratio >= 9.5 else f"{ratio:.1f}×" if ratio >= 1.1 else f"{ratio:.2f}×"


def _number(count: int) -> str:
    return f"{count:,}"


def _bytes(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024 or unit == "MiB":
            return f"{count:.3g} {unit}" if unit != "bytes" else f"{count} bytes"
        count /= 1024  # type: ignore[assignment]
    raise AssertionError


def words(found: Sequence[Excess]) -> str:
    """Say what is over budget, in one line that is safe to show for a hidden case."""
    return f"right, but it needs {' and '.join(map(str, found))}"


def excesses(spec: CaseSpec, expected: Expected, answer: Outcome) -> tuple[Excess, ...]:
    """Return every count of an answer that is over its budget, whatever its values are."""
    ours, theirs = _counts(expected.outcome), _counts(answer)
    return tuple(
        Excess(name, theirs[name], ours[name], factor)
        for name, factor in spec.budget.items()
        if name in ours and name in theirs and theirs[name] > _limit(ours[name], factor)
    )


def _limit(ours: int, factor: float) -> int:
    return math.floor(factor * ours + 1e-6)


def _counts(outcome: Outcome) -> dict[str, int]:
    """Return what was measured in the child and what hosted objects have counted."""
    found: dict[str, int] = {}
    for _, log in outcome.hosted:
        for name, count in log.items if isinstance(log, Dict) else ():
            if type(count) is int and name not in COUNTS:
                found[name] = found.get(name, 0) + count
    return found | dict(outcome.observed.spent if outcome.observed else ())


def unbudgeted(log: Node, budget: Mapping[str, float]) -> Node:
    """Return what a hosted object saw, without the counts that a budget judges."""
    if not isinstance(log, Dict):
        return log
    return Dict(
        tuple(
            (name, node)
            for name, node in log.items
            if not (name in budget and name not in COUNTS and type(node) is int)
        )
    )


def uncounted(spec: CaseSpec, answer: Outcome) -> bool:
    """Whether a count that the child owes is missing, which no honest run brings about."""
    spent = dict(answer.observed.spent if answer.observed else ())
    return any(name not in spent for name in spec.budget if name in COUNTS)


def unknown(spec: CaseSpec, outcome: Outcome) -> list[str]:
    """Return the names in a case's budget that nobody counts."""
    return [name for name in spec.budget if name not in _counts(outcome)]


def is_unsteady(expected: Expected) -> str:
    """Return the count of the solution that a rounding error in the inputs moves, or nothing."""
    observed = expected.outcome.observed
    nudged = dict(expected.nudged_spent)
    for name, count in observed.spent if observed else ():
        if abs(nudged.get(name, count) - count) > STEADY * count:
            return name
    return ""


def alike(one: Iterable[Excess], other: Iterable[Excess]) -> bool:
    """Whether two answers spend too much of the same things, and about as much."""
    ours, theirs = ({found.name: found for found in some} for some in (one, other))
    return ours.keys() == theirs.keys() and all(
        1 / ALIKE <= found.times / theirs[name].times <= ALIKE for name, found in ours.items()
    )


def distance(one: Outcome, other: Outcome) -> float:
    """Return how far the measured costs of two runs of one case are apart; 0 if they are equal."""
    ours = _counts(one)
    theirs = _counts(other) if ours else {}
    return max(
        (abs(math.log((ours[n] + 1) / (theirs[n] + 1))) for n in ours.keys() & theirs.keys()),
        default=0.0,
    )


def doubts(
    specs: Sequence[CaseSpec], record: Sequence[Expected], answers: Sequence[Outcome]
) -> Iterator[str]:
    """Say, for an instructor, where the counts themselves cannot be believed."""
    for spec, expected, answer in zip(specs, record, answers, strict=True):
        if answer.observed is None or answer.observed.failure is not None:
            continue
        if not answer.observed.measured:
            yield f"{spec.id}: the measurement of its cost was tampered with"
            continue
        ours, theirs = _counts(expected.outcome), _counts(answer)
        for name in spec.budget:
            if name in COUNTS and theirs.get(name, 0) < IMPLAUSIBLE * ours.get(name, 0):
                what = NAMES[name]
                yield (
                    f"{spec.id}: hardly any {what} where the solution needs "
                    f"{_number(ours[name])}: is the work done where it is not counted?"
                )
