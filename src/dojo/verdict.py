"""What grading says: values that are printed, stored and exported, and do nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["CaseResult", "KataResult", "Verdict"]


class Verdict(StrEnum):
    """How a case or a whole kata ended."""

    PASSED = "passed"
    WRONG = "wrong"
    RAISED = "raised"
    FORBIDDEN = "forbidden"
    TOO_SLOW = "too slow"
    TOO_MUCH_MEMORY = "too much memory"
    NO_ANSWER = "no answer"
    NOT_STARTED = "not started"
    """Of a kata only: its file is still the stub."""


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """The verdict of one case.

    `summary` and `why` reveal no input and no expected value and hold no text that the learner's
    code controls; `details` may, and are for people who have the clone anyway.
    """

    case: str
    """The id: the function's name and its sizes, `output[B=2,T=5]`."""
    title: str
    verdict: Verdict
    summary: str = ""
    """One line that says what is wrong: `2 of 6 values differ`."""
    why: str = ""
    """The mistake that this behaves like, from the solution's own notes."""
    details: tuple[str, ...] = ()
    """Further lines: places, values, the traceback through the learner's file."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class KataResult:
    """The verdict of one kata: passed if every case has passed."""

    kata: str
    verdict: Verdict
    cases: tuple[CaseResult, ...] = ()
    summary: str = ""
    """What kept every case from running: the file does not parse, a class is missing."""
    details: tuple[str, ...] = ()
    printed: str = field(default="", repr=False)
    """What the learner's code printed, cut and stripped of control characters."""
    seconds: float = 0.0
    doubts: tuple[str, ...] = ()
    """For an instructor: ways to a forbidden name whose end is not in sight."""

    @property
    def n_passed(self) -> int:
        """How many cases have passed."""
        return sum(case.verdict is Verdict.PASSED for case in self.cases)

    @property
    def passed(self) -> bool:
        """Whether the kata is solved."""
        return self.verdict is Verdict.PASSED
