"""Which mistake an answer looks like: kinds of outcomes, compared once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sample_suite import Make

from dojo.engine import Engine
from dojo.grade import Grader, differs
from dojo.likeness import Known, same
from dojo.reference import Key, Outcome
from dojo.wire import Array, Dict, Node, Observed, Tuple, encode

VALUES: tuple[Node, ...] = (
    1,
    1.0,
    1.0 + 1e-12,
    float("nan"),
    "a",
    None,
    encode(np.float32([1.0, 2.0])),
    encode(np.float32([1.0, 2.0000001])),
    encode(np.float32([1.0, 2.1])),
    encode([1.0, np.float32([3.0])]),
    encode((1.0, {"a": 2})),
)


def outcome(value: Node, **fields: object) -> Outcome:
    return Outcome(Observed(0, value, **fields))  # type: ignore[arg-type]


def test_what_is_compared_by_kind_is_what_is_compared_one_by_one(
    engine: Engine, make_suite: Make
) -> None:
    (entry,) = make_suite().entries
    key = Key.of(entry)
    grader = Grader(engine, entry.root / ".dojo" / "expected")
    known, cases = grader.known(key), grader.references.record(key).cases
    mistakes = grader.references.mistakes(key)

    assert 1 < len(mistakes)
    assert [
        [differs(*of_case) for of_case in zip(key.specs, cases, theirs, strict=True)]
        for _, theirs in mistakes
    ] == known.differing
    for _, answers in [*mistakes, *mistakes]:  # the second time from what is kept
        expected = [
            [same(a, b) for a, b in zip(answers, theirs, strict=True)] for _, theirs in mistakes
        ]
        assert expected == known.alike(answers)


def test_kinds_keep_apart_what_no_bit_may_join(engine: Engine, make_suite: Make) -> None:
    (entry,) = make_suite().entries
    specs = Key.of(entry).specs[:1]
    outcomes = [
        *map(outcome, VALUES),
        outcome(1.0, modified=("x",)),
        outcome(1.0, weights=(("w", (2,)),)),
        Outcome(None, "too slow: 4 s"),
        Outcome(None, "stopped: by itself"),
        outcome(Tuple((1.0, Dict((("a", 2),))))),  # equal to the last of the values
        outcome(Array("torch", "float32", (2,), bytes(8))),
        outcome(Array("numpy", "float32", (2,), bytes(8))),
    ]
    mistakes = [(None, (one,)) for one in outcomes]
    cases = Grader(engine, entry.root / ".dojo" / "expected").references.record(Key.of(entry)).cases
    known = Known(specs, cases[:1], mistakes, differs)  # type: ignore[arg-type]

    for one in outcomes:
        assert [[same(one, other)] for other in outcomes] == known.alike([one])


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations((1.0, 2.0, 3.5), 2)])
def test_two_values_are_not_the_same(one: float, other: float) -> None:
    assert same(outcome(one), outcome(one))
    assert not same(outcome(one), outcome(other))
