"""Grade one submission: every kata of an assignment, in sandboxed children, as points and words.

What is stored holds no clock and no address, so that it is the same for any number of workers.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from dojo.engine import Engine
from dojo.grade import MAX_SOURCE, Grader
from dojo.reference import Key
from dojo.suite import Suite
from dojo.trouble import Trouble
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.walls import full_sandbox
from dojo.workspace import read_sums

if TYPE_CHECKING:
    from dojo.instructor.assignment import Assignment, Part

__all__ = [
    "Graded",
    "Graders",
    "Mark",
    "NoSandbox",
    "Submission",
    "assemble",
    "decode",
    "demand_sandbox",
    "encode",
    "failed_marks",
    "fraction",
    "grade_parts",
    "grade_submission",
    "titles",
]

KEPT_KEYS: Final = 256
KEPT_SALTS: Final = 8
DIGITS: Final = 6
FAILED: Final = "the grader failed on this"
"""How a doubt begins that means: these points are no verdict, a person has to look."""

Name = TypeVar("Name")
Thing = TypeVar("Thing")


class NoSandbox(Trouble):
    """Unknown code would run behind fewer walls than there should be."""


@dataclass(frozen=True)
class Submission:
    """What one student has handed in, as text."""

    student: str
    sources: Mapping[str, str]
    """Source text by the id of the kata."""
    problems: tuple[str, ...] = ()
    """Files that could not be read, and why."""
    version: str | None = None
    """The version of the assignment that it was made from, where that is known."""
    submitted: datetime | None = None
    late: bool = False
    """Whether the platform has marked it as late, which counts where the time is not known."""


@dataclass(frozen=True)
class Mark:
    """One kata's points."""

    kata: str
    points: float
    earned: float
    result: KataResult


@dataclass(frozen=True)
class Graded:
    """One student's result; `total` is what counts."""

    assignment: str
    version: str
    student: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()
    """What concerns the submission as a whole: files that could not be read, an old version."""
    submitted: datetime | None = None
    seconds_late: float | None = None
    """None where the time of submission or the due date is not known."""
    late: bool = False
    """Late by its time, or marked so by the platform."""
    kept: float = 1.0
    """The fraction of the points that the late rule leaves."""

    @property
    def raw(self) -> float:
        """The points before the late rule."""
        return round(sum(mark.earned for mark in self.marks), DIGITS)

    @property
    def total(self) -> float:
        """The points that count."""
        return round(self.raw * self.kept, DIGITS)

    @property
    def points(self) -> float:
        """The points that there are."""
        return round(sum(mark.points for mark in self.marks), DIGITS)

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What a person should look at: kata and doubt."""
        return tuple((mark.kata, doubt) for mark in self.marks for doubt in mark.result.doubts)

    @property
    def failed(self) -> bool:
        """Whether a part could not be graded, for no fault of the student's."""
        return any(doubt.startswith(FAILED) for _, doubt in self.doubts)


def encode(graded: Graded) -> bytes:
    """Return JSON that is the same, byte by byte, for the same result."""
    return msgspec.json.format(msgspec.json.encode(graded, order="sorted"), indent=1) + b"\n"


def decode(data: bytes) -> Graded:
    """Read what `encode` wrote; raise msgspec.DecodeError where it is something else."""
    return msgspec.json.decode(data, type=Graded)


class Graders:
    """One engine, and what is known of each kata under each salt; safe to use from threads."""

    def __init__(self, engine: Engine, suite: Suite, cache: Path | None = None) -> None:
        """Keep expected values in `cache`: `.dojo/expected` of the suite unless told."""
        self.engine = engine
        self._cache = cache or suite.root / ".dojo" / "expected"
        self._stubs = read_sums(suite.root)
        self._graders: OrderedDict[tuple[str, str], Grader] = OrderedDict()
        self._keys: OrderedDict[tuple[str, str, str], Key] = OrderedDict()
        self._turns: OrderedDict[tuple[str, str, str], threading.Lock] = OrderedDict()
        self._lock = threading.Lock()

    def grader(self, assignment: Assignment, salt: str) -> Grader:
        """Return the grader whose inputs come from a salt; the last few are kept."""
        version = assignment.pinned
        folder = self._cache / version if version else self._cache
        make = partial(Grader, self.engine, folder, salt)
        return self._keep(self._graders, (version, salt), KEPT_SALTS, make)

    def key(self, assignment: Assignment, kata: str, salt: str) -> Key:
        """Return a kata as the assignment's version has it, under a salt; it is read once."""

        def make() -> Key:
            return Key.of(assignment.entry(kata), salt)

        return self._keep(self._keys, (assignment.pinned, kata, salt), KEPT_KEYS, make)

    def is_stub(self, kata: str, text: str) -> bool:
        """Whether a text is exactly what was given out."""
        bare = text.split("\n", 1)[-1] if text.startswith("# dojo: ") else text
        return hashlib.sha256(bare.encode()).hexdigest() == self._stubs.get(kata)

    def prepare(
        self, assignment: Assignment, kata: str, salt: str, *, mistakes: bool = False
    ) -> None:
        """Compute what is expected, so that a broken kata is found before any answer runs.

        Threads that want the same wait for the one that is at it.
        """
        references = self.grader(assignment, salt).references
        key = self.key(assignment, kata, salt)
        with self._keep(self._turns, (assignment.pinned, kata, salt), KEPT_KEYS, threading.Lock):
            references.record(key)
            if mistakes:
                references.mistakes(key)

    def empty_titles(self, assignment: Assignment, kata: str, salt: str) -> frozenset[str]:
        """Return the case titles that code which only raises passes too: no value is looked at."""
        key = self.key(assignment, kata, salt)
        record = self.grader(assignment, salt).references.record(key)
        telling = {
            spec.title
            for spec, expected in zip(key.specs, record.cases, strict=True)
            if spec.raises is None
            and not (expected.outcome.observed and expected.outcome.observed.meta)
        }
        return frozenset(spec.title for spec in key.specs) - telling

    def _keep(
        self, store: OrderedDict[Name, Thing], name: Name, size: int, make: Callable[[], Thing]
    ) -> Thing:
        with self._lock:
            if name not in store:
                store[name] = make()
            store.move_to_end(name)
            while len(store) > size:
                store.popitem(last=False)
            return store[name]


def demand_sandbox(engine: Engine) -> None:
    """Raise NoSandbox unless every wall stands here."""
    sandbox = full_sandbox(engine.examine())
    if not sandbox:
        raise NoSandbox(
            "the sandbox does not stand in full here, so code that you do not know could do harm: "
            f"{'; '.join(sandbox.gaps)}. `dojo doctor` says more. Grade on Linux 5.13 or later, "
            "or add --without-sandbox if you would run this code yourself"
        )


def grade_submission(graders: Graders, assignment: Assignment, submission: Submission) -> Graded:
    """Grade every kata of an assignment; a kata that was not handed in earns nothing.

    A kata of ours that is broken raises Trouble: that must cost no student anything.
    """
    used = assignment.chosen(submission.version).assignment
    marks = grade_parts(graders, used, used.salt(submission.student), submission.sources)
    return assemble(assignment, submission, marks)


def grade_parts(
    graders: Graders, assignment: Assignment, salt: str, sources: Mapping[str, str]
) -> tuple[Mark, ...]:
    """Grade texts under a salt: the part of the work that another machine can do."""
    return tuple(
        _mark(graders, assignment, part, salt, sources.get(part.kata)) for part in assignment.parts
    )


def assemble(assignment: Assignment, submission: Submission, marks: tuple[Mark, ...]) -> Graded:
    """Return a submission's result from its marks: version, lateness and what to say about it."""
    chosen = assignment.chosen(submission.version)
    seconds_late = _seconds_late(assignment, submission)
    late = submission.late if seconds_late is None else seconds_late > 0
    said = (chosen.note,) if chosen.note and submission.version is not None else ()
    return Graded(
        assignment=assignment.name,
        version=chosen.assignment.version,
        student=submission.student,
        marks=marks,
        notes=(*said, *submission.problems),
        submitted=submission.submitted,
        seconds_late=seconds_late,
        late=late,
        kept=_kept(assignment, seconds_late, late),
    )


def failed_marks(assignment: Assignment, why: str) -> tuple[Mark, ...]:
    """Return marks that say: nobody could grade this, a person has to look."""
    return tuple(
        Mark(part.kata, float(part.points), 0.0, _failed(part.kata, why))
        for part in assignment.parts
    )


def _mark(
    graders: Graders, assignment: Assignment, part: Part, salt: str, text: str | None
) -> Mark:
    result = _result(graders, assignment, part.kata, salt, text)
    share = fraction(
        result,
        all_or_nothing=assignment.scoring == "all or nothing",
        empty=graders.empty_titles(assignment, part.kata, salt) if result.cases else frozenset(),
    )
    return Mark(part.kata, float(part.points), round(part.points * share, DIGITS), result)


def _result(
    graders: Graders, assignment: Assignment, kata: str, salt: str, text: str | None
) -> KataResult:
    if text is None:
        return KataResult(kata=kata, verdict=Verdict.NOT_STARTED, summary="not handed in")
    refused = _refused(text)
    if refused:
        return KataResult(kata=kata, verdict=Verdict.NO_ANSWER, summary=refused)
    if graders.is_stub(kata, text):
        return KataResult(kata=kata, verdict=Verdict.NOT_STARTED)
    graders.prepare(assignment, kata, salt)  # where this raises, the kata is broken
    try:
        grader, key = graders.grader(assignment, salt), graders.key(assignment, kata, salt)
        return _settled(grader.grade_text(key, text))
    except Trouble:
        raise
    except Exception as error:  # an answer that our own code cannot take costs one kata
        return _failed(kata, type(error).__name__)


def _failed(kata: str, why: str) -> KataResult:
    return KataResult(
        kata=kata,
        verdict=Verdict.NO_ANSWER,
        summary="could not be graded by the machine: a person will look at it",
        doubts=(f"{FAILED}: {why}",),
    )


def _refused(text: str) -> str:
    """Say why a text is no source, or nothing."""
    if len(text) > MAX_SOURCE:
        return f"the file is larger than {MAX_SOURCE // 2**20} MiB"
    if "\0" in text:
        return "the file holds a NUL character"
    if not text.strip():
        return "the file is empty"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "the file holds characters that are no text"
    return ""


def _settled(result: KataResult) -> KataResult:
    """Take out what changes from run to run: times, limits that were timed, addresses, prints."""
    return replace(
        result,
        cases=tuple(
            replace(
                case,
                summary=_steady(case.summary),
                details=tuple(map(_steady, case.details)),
                seconds=0.0,
            )
            for case in result.cases
        ),
        summary=_steady(result.summary),
        details=tuple(map(_steady, result.details)),
        printed="",
        seconds=0.0,
    )


def _steady(text: str) -> str:
    text = re.sub(r"no answer within \d+ s\b", "no answer in time", text)
    return re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x…", text)


def titles(result: KataResult) -> dict[str, tuple[CaseResult, ...]]:
    """Return a kata's cases by their title: what a student sees as one fact."""
    found: dict[str, tuple[CaseResult, ...]] = {}
    for case in result.cases:
        found[case.title] = (*found.get(case.title, ()), case)
    return found


def fraction(
    result: KataResult, *, all_or_nothing: bool = False, empty: Collection[str] = ()
) -> float:
    """Return the share of case titles that pass in all their sizes, between 0 and 1.

    Titles in `empty` count once any other passes: what only raises passes these too.
    """
    if result.passed:
        return 1.0
    facts = titles(result)
    if all_or_nothing or not facts or result.verdict in (Verdict.FORBIDDEN, Verdict.NOT_STARTED):
        return 0.0
    passed = {
        title
        for title, cases in facts.items()
        if all(case.verdict is Verdict.PASSED for case in cases)
    }
    return len(passed) / len(facts) if passed - set(empty) else 0.0


def _seconds_late(assignment: Assignment, submission: Submission) -> float | None:
    if assignment.due is None or submission.submitted is None:
        return None
    return max(0.0, (submission.submitted - assignment.due).total_seconds())


def _kept(assignment: Assignment, seconds_late: float | None, late: bool) -> float:
    """Return what the late rule leaves; work that is only marked late is late by a moment."""
    if not late:
        return 1.0
    least = assignment.late.grace_minutes * 60 + 1
    kept = assignment.late.keeps(least if seconds_late is None else seconds_late)
    return min(1.0, max(0.0, kept))
