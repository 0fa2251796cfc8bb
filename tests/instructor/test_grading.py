"""A submission's points follow from its case titles, and its result is the same every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sample_suite import SOLUTION

from dojo.engine import Engine
from dojo.instructor.assignment import Assignment, LateRule
from dojo.instructor.grading import (
    Graded,
    Graders,
    NoSandbox,
    Submission,
    decode,
    demand_sandbox,
    encode,
    fraction,
    grade_submission,
)
from dojo.mistakes import find_mistakes, reference
from dojo.suite import Suite
from dojo.trouble import Trouble
from dojo.verdict import CaseResult, KataResult, Verdict

KATA = "basics/scaled_sum"
RIGHT = reference(SOLUTION)
MISTAKES = find_mistakes(SOLUTION)
DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
Grade = Callable[..., Graded]


@pytest.fixture
def grade(graders: Graders, hw: Assignment) -> Grade:
    """Grade one text, of an assignment that may be changed."""

    def grade(text: str | None, assignment: Assignment = hw, **changes: object) -> Graded:
        sources = {} if text is None else {KATA: text}
        submission = replace(Submission("Zoë", sources), **changes)  # type: ignore[arg-type]
        return grade_submission(graders, assignment, submission)

    return grade


def test_right_answer_has_all_points_to_the_last_bit(grade: Grade, hw: Assignment) -> None:
    for points in (6.0, 0.1, 1 / 3, 7.0):
        part = replace(hw.parts[0], points=points)
        graded = grade(RIGHT, replace(hw, parts=(part,)))
        assert (True, round(points, 6)) == (graded.marks[0].result.passed, graded.total)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, 4.0),  # refuses no scale of zero: two titles of three
        (1, 0.0),  # subtracts: what is left passes by raising alone
        (3, 4.0),  # loses precision
    ],
)
def test_points_are_the_share_of_titles_that_pass(
    grade: Grade, index: int, expected: float
) -> None:
    graded = grade(MISTAKES[index].source)

    assert expected == graded.total
    assert MISTAKES[index].why in {case.why for case in graded.marks[0].result.cases}


def test_all_or_nothing_gives_nothing_for_a_part(grade: Grade, hw: Assignment) -> None:
    strict = replace(hw, scoring="all or nothing")

    assert (0.0, 6.0) == (grade(MISTAKES[3].source, strict).total, grade(RIGHT, strict).total)


def test_what_only_raises_earns_nothing(grade: Grade) -> None:
    graded = grade("def scaled_sum(x, y, scale=1.0):\n    raise ValueError\n")

    assert [Verdict.PASSED] == [
        case.verdict for case in graded.marks[0].result.cases if case.title.startswith("refuses")
    ]
    assert 0.0 == graded.total


def test_stub_and_nothing_are_not_started(grade: Grade, hw: Assignment) -> None:
    stub = hw.entry(KATA).stub.read_text(encoding="utf-8")
    stamped = f"# dojo: hw1 {hw.version} {KATA} (leave this line as it is)\n{stub}"

    results = [grade(text).marks[0].result for text in (None, stub, stamped)]

    assert [Verdict.NOT_STARTED] * 3 == [result.verdict for result in results]
    assert ["not handed in", "", ""] == [result.summary for result in results]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("x = '\0'", "the file holds a NUL character"),
        ("x = '\ud800'", "the file holds characters that are no text"),
        ("#" * (2**20 + 1), "the file is larger than 1 MiB"),
    ],
)
def test_text_that_is_no_source_costs_that_kata(grade: Grade, text: str, expected: str) -> None:
    assert (expected, 0.0) == (grade(text).marks[0].result.summary, grade(text).total)


@pytest.mark.parametrize(
    "body",
    [
        "import os; os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "return bytearray(2**40)",
        "x *= 2; return x",
        "raise Exception(object())",
        "print(object()); return object()",
    ],
)
def test_harm_costs_that_kata_and_its_result_is_the_same_twice(grade: Grade, body: str) -> None:
    text = f"def scaled_sum(x, y, scale=1.0):\n    {body}\n"

    one, other = grade(text), grade(text)

    assert 0.0 == one.total
    assert encode(one) == encode(other)


def test_result_survives_json_and_holds_no_clock(grade: Grade) -> None:
    graded = grade(MISTAKES[1].source, problems=("a\nb",), submitted=DUE)

    assert graded == decode(encode(graded))
    assert 0.0 == sum(case.seconds for case in graded.marks[0].result.cases)
    with pytest.raises(msgspec.DecodeError):
        decode(b"{}")


def test_salt_decides_the_inputs_and_only_per_student_does_it_follow_the_name(
    hw: Assignment,
) -> None:
    assert hw.salt("a") == hw.salt("b") != ""
    each = replace(hw, per_student=True)
    assert each.salt("a") != each.salt("b")


@pytest.mark.parametrize(
    ("late", "marked", "rule", "expected"),
    [
        (None, False, LateRule(lost_per_day=0.1), (6.0, False)),
        (timedelta(hours=-1), False, LateRule(lost_per_day=0.1), (6.0, False)),
        (timedelta(hours=-1), True, LateRule(lost_per_day=0.1), (6.0, False)),  # the clock counts
        (timedelta(hours=1), False, LateRule(lost_per_day=0.1), (5.4, True)),
        (timedelta(days=3, hours=1), False, LateRule(lost_per_day=0.1), (3.6, True)),
        (timedelta(days=30), False, LateRule(lost_per_day=0.1), (0.0, True)),
        (timedelta(minutes=4), False, LateRule(5, 0.1), (6.0, True)),
        (None, True, LateRule(lost_per_day=0.1), (5.4, True)),
        (None, True, LateRule(5, 0.1), (5.4, True)),
        (timedelta(hours=1), False, LateRule(), (6.0, True)),
    ],
)
def test_late_rule_takes_its_share(
    grade: Grade,
    hw: Assignment,
    late: timedelta | None,
    marked: bool,
    rule: LateRule,
    expected: tuple[float, bool],
) -> None:
    submitted = None if late is None else DUE + late
    graded = grade(RIGHT, replace(hw, due=DUE, late=rule), submitted=submitted, late=marked)

    assert expected == (graded.total, graded.late)
    assert 6.0 == graded.raw


def test_version_that_was_never_released_is_said_to_be_so(grade: Grade, hw: Assignment) -> None:
    graded = grade(RIGHT, version="0123456789")

    assert "never released" in graded.notes[0]
    assert hw.version == graded.version
    assert () == grade(RIGHT).notes == grade(RIGHT, version=hw.version).notes


def test_broken_kata_is_an_error_and_costs_no_student_anything(
    engine: Engine, hw: Assignment
) -> None:
    path = hw.entry(KATA).solution
    path.write_text(SOLUTION.replace("total = x + y", "total = x + z"), encoding="utf-8")
    graders = Graders(engine, Suite(hw.suite.root))

    with pytest.raises(Trouble, match="the solution, in case"):
        grade_submission(graders, hw, Submission("a", {KATA: RIGHT}))


def test_failure_of_our_own_is_no_verdict(
    graders: Graders, hw: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("dojo.grade.Grader.grade_text", fail)
    graded = grade_submission(graders, hw, Submission("a", {KATA: RIGHT}))

    assert graded.failed
    assert ((KATA, "the grader failed on this: KeyError"),) == graded.doubts


def test_code_runs_only_where_every_wall_stands(engine: Engine) -> None:
    demand_sandbox(engine)
    with Engine(sandbox=False) as bare, pytest.raises(NoSandbox, match="--without-sandbox"):
        demand_sandbox(bare)


def test_fraction_counts_a_title_only_if_it_passes_in_every_size() -> None:
    def case(title: str, verdict: Verdict) -> CaseResult:
        return CaseResult(case=title, title=title, verdict=verdict)

    def result(verdict: Verdict, *cases: CaseResult) -> KataResult:
        return KataResult(kata="a/b", verdict=verdict, cases=cases)

    good, bad = Verdict.PASSED, Verdict.WRONG
    mixed = result(bad, case("a", good), case("a", bad), case("b", good), case("c", good))

    assert 2 / 3 == fraction(mixed)
    assert 2 / 3 == fraction(mixed, empty={"b"})
    assert 0.0 == fraction(mixed, empty={"b", "c"})
    assert 0.0 == fraction(replace(mixed, verdict=Verdict.FORBIDDEN))
    assert 0.0 == fraction(result(bad))
