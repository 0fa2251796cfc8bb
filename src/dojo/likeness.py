"""Which declared mistake an answer looks like: the mistakes' outcomes, sorted for comparing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from dojo import budget
from dojo.compare import agree
from dojo.mistakes import Mistake
from dojo.reference import Expected, Outcome
from dojo.suite import CaseSpec

__all__ = ["Known", "same"]


class Known:
    """The mistakes of a kata with what they observe, arranged for comparing answers with them.

    Most mistakes leave most cases alone, or spoil them alike. Outcomes of a case that are equal to
    the last bit are of one kind, so that an answer is compared once with each kind.
    """

    def __init__(
        self,
        specs: Sequence[CaseSpec],
        cases: Sequence[Expected],
        mistakes: Sequence[tuple[Mistake, tuple[Outcome, ...]]],
        differs: Callable[[CaseSpec, Expected, Outcome], bool],
    ) -> None:
        """Sort the mistakes' outcomes into kinds; `differs` says whether one fails its case."""
        self.mistakes = mistakes
        self._specs = specs
        self._cases = cases
        self._kinds: list[list[Outcome]] = []
        self._keys: list[dict[bytes, int]] = []
        self._alike: list[dict[int, list[bool]]] = [{} for _ in specs]
        of_mistakes: list[list[int]] = []
        for index, spec in enumerate(specs):
            keys: dict[bytes, int] = {}
            kinds: list[Outcome] = []
            numbers = []
            for _, answers in mistakes:
                number = keys.setdefault(_imprint(spec, answers[index]), len(kinds))
                if number == len(kinds):
                    kinds.append(answers[index])
                numbers.append(number)
            self._keys.append(keys)
            self._kinds.append(kinds)
            of_mistakes.append(numbers)
        self._numbers = list(zip(*of_mistakes, strict=True)) or [() for _ in mistakes]
        self.differing = self._spread(
            [
                [differs(spec, expected, outcome) for outcome in kinds]
                for spec, expected, kinds in zip(specs, cases, self._kinds, strict=True)
            ]
        )
        """Of each mistake, in which cases it fails."""

    def alike(self, answers: Sequence[Outcome]) -> list[list[bool]]:
        """Return, of each mistake, in which cases an answer cannot be told from it."""
        return self._spread([self._compared(*pair) for pair in enumerate(answers)])

    def _spread(self, by_kind: Sequence[Sequence[bool]]) -> list[list[bool]]:
        return [
            [row[number] for row, number in zip(by_kind, numbers, strict=True)]
            for numbers in self._numbers
        ]

    def _compared(self, index: int, answer: Outcome) -> list[bool]:
        """Compare an answer with every kind; what one of the mistakes gives is compared once."""
        number = self._keys[index].get(_imprint(self._specs[index], answer), -1)
        found = self._alike[index].get(number)
        if found is None:
            found = [
                same(answer, outcome)
                and _costs_alike(self._specs[index], self._cases[index], answer, outcome)
                for outcome in self._kinds[index]
            ]
            if number >= 0:
                self._alike[index][number] = found
        return found


def _imprint(spec: CaseSpec, outcome: Outcome) -> bytes:
    """Return all of an outcome that any verdict or likeness depends on, to the last bit."""
    seen = outcome.observed
    spent = (seen.spent, seen.measured) if seen is not None and spec.budget else ()
    return msgspec.msgpack.encode((_bits(outcome), spent))


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two runs of one case cannot be told apart."""
    if _bits(one) == _bits(other):
        return True
    a, b = one.observed, other.observed
    if a is None or b is None:
        return a is b and one.silence == other.silence
    if (a.failure is None) != (b.failure is None):
        return False
    if a.failure is not None and b.failure is not None:
        alike = a.failure.kinds == b.failure.kinds and a.failure.message == b.failure.message
        return alike and _hosted_equal(one, other)
    equal = agree(b.value, a.value) and a.modified == b.modified
    return equal and sorted(a.weights) == sorted(b.weights) and _hosted_equal(one, other)


def _costs_alike(spec: CaseSpec, expected: Expected, one: Outcome, other: Outcome) -> bool:
    """Whether two runs are both within the budget, or both over it for the same reason."""
    return not spec.budget or budget.alike(
        budget.excesses(spec, expected, one), budget.excesses(spec, expected, other)
    )


def _bits(outcome: Outcome) -> tuple[object, ...]:
    """Return all that counts, to be compared quickly to the last bit."""
    seen = outcome.observed
    if seen is None:
        return (outcome.silence,)
    return (seen.value, seen.failure, seen.modified, seen.weights, outcome.hosted)


def _hosted_equal(one: Outcome, other: Outcome) -> bool:
    if [name for name, _ in one.hosted] != [name for name, _ in other.hosted]:
        return False
    return all(agree(b, a) for (_, a), (_, b) in zip(one.hosted, other.hosted, strict=True))
