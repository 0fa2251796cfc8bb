"""The vocabulary of a grader file: `Kata`, `case` and `samples`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

__all__ = ["Kata", "Samples", "case", "samples"]

Drive = TypeVar("Drive", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Kata:
    """What a kata is, apart from its code: a literal that is read without running the file."""

    minutes: int
    level: Literal["warmup", "core", "hard"]
    asked: str
    """The interviewer's one-line question."""
    asked_zh: str
    """The same question in Chinese."""
    hints: tuple[str, ...]
    """A ladder from a nudge to a plan; never the code."""
    follow_ups: Mapping[str, str]
    """What an interviewer asks next, with an answer they would accept."""
    source: str
    """Where the method comes from, with its section or equation."""
    needs: tuple[str, ...] = ()
    """Ids of the katas to solve first."""
    forbids: tuple[str, ...] = ()
    """Public names that would do the whole exercise, and with them what does the same."""
    allows: tuple[str, ...] = ()
    """Of what does the same as a forbidden name, or is forbidden in the topic, what may be used."""
    only: tuple[str, ...] = ()
    """In place of `forbids`: all that may be used of NumPy, PyTorch, einops, by name or module."""
    was: tuple[str, ...] = ()
    """Ids that this kata had before: what a learner did under them still counts."""


def case(
    *,
    raises: type[Exception] | None = None,
    budget: Mapping[str, float] | None = None,
    **sizes: Any,
) -> Callable[[Drive], Drive]:
    """Declare one set of sizes for the function below; several may be stacked.

    `raises` names the error that the right answer raises with these sizes. `budget` maps counts to
    the multiple of the solution's own count that is allowed: `flops`, `elements`, `peak` and
    `steps` are measured (`dojo.meter`), over the case or its `with draw.measured():` blocks; any
    other name is a count that a hosted object reports. The engine reads all of this from the
    source, so the decorator has nothing left to do.
    """

    def unchanged(drive: Drive) -> Drive:
        return drive

    return unchanged


@dataclass(frozen=True)
class Samples:
    """Independent draws of one random result, to be judged by their distribution."""

    draws: Any
    """A tuple of them, or one array or tensor along whose first axis they lie."""


def samples(draws: Iterable[Any]) -> Samples:
    """Mark arrays or numbers of equal shape as independent draws of one random result."""
    return Samples(draws if len(getattr(draws, "shape", ())) else tuple(draws))
