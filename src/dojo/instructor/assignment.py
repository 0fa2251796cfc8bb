"""An assignment: katas with points, a due date, and what else its file says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from dojo.instructor.secret import assignment_key, derive_salt, read_secret
from dojo.suite import CaseSpec, Entry, Suite
from dojo.trouble import Trouble

__all__ = [
    "FOLDER",
    "Assignment",
    "AssignmentError",
    "Chosen",
    "LateRule",
    "Part",
    "Problem",
    "find",
    "load",
]

FOLDER: Final = "assignments"
"""Where assignments lie, below the suite's root."""
DAY: Final = 86_400

Language = Literal["en", "zh"]
Older = Literal["that version", "say so"]
Scoring = Literal["titles", "all or nothing"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an assignment, and what to do about it."""

    message: str
    key: str = ""
    line: int = 0
    """0 where no single line is to blame."""

    def __str__(self) -> str:
        where = ": ".join(
            part for part in (f"line {self.line}" * bool(self.line), self.key) if part
        )
        return f"{where}: {self.message}" if where else self.message


class AssignmentError(Trouble):
    """An assignment that cannot be used; lists everything that is wrong with it."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(path, self.problems)

    def __str__(self) -> str:
        name = "/".join(self.path.parts[-2:])
        if len(self.problems) == 1:
            return f"{name}: {self.problems[0]}"
        return "\n".join((f"{name}:", *(f"  {problem}" for problem in self.problems)))


@dataclass(frozen=True)
class Part:
    """One kata of an assignment."""

    kata: str
    """The id."""
    points: float
    shown: tuple[str, ...] = ()
    """Titles or ids of the cases whose details students may see; the others stay hidden."""

    def shows(self, case: str, title: str) -> bool:
        """Whether students may see the details of a case, which has an id and a title."""
        return case in self.shown or title in self.shown


@dataclass(frozen=True)
class LateRule:
    """What late work keeps of its points: everything, unless the file says otherwise."""

    grace_minutes: float = 0.0
    """Up to here late counts as in time."""
    lost_per_day: float = 0.0
    """The share of the points that each day begun costs."""
    days: float | None = None
    """After so many days nothing counts; None for never."""

    def keeps(self, seconds_late: float) -> float:
        """Return the share of its points that work keeps, from 0 to 1."""
        if seconds_late <= self.grace_minutes * 60:
            return 1.0
        if self.days is not None and seconds_late > self.days * DAY:
            return 0.0
        lost = self.lost_per_day * math.ceil(seconds_late / DAY)
        return round(max(0.0, 1.0 - lost), 9)


@dataclass(frozen=True)
class Chosen:
    """The version that a submission is graded by, and what to say about that."""

    assignment: Assignment
    note: str = ""
    """Empty where the submission is of the current version; holds no text from the submission."""


@dataclass(frozen=True)
class Assignment:
    """What an instructor hands out, and how it counts. What has been read is kept."""

    name: str
    title: str
    parts: tuple[Part, ...]
    due: datetime | None
    late: LateRule
    language: Language
    per_student: bool
    """Whether hidden inputs differ from student to student."""
    older: Older
    """How work on an older release counts: by that version, or by this one with a remark."""
    scoring: Scoring
    """Points for each case title that passes, or for the whole kata only."""
    secret: Path = field(repr=False)
    """The file with the course's secret, in the folder of the gradebook."""
    path: Path
    suite: Suite = field(repr=False)
    pinned: str = ""
    """The version, where this is an older one read back."""

    @property
    def points(self) -> float:
        """The most that can be earned."""
        return math.fsum(part.points for part in self.parts)

    @property
    def course(self) -> Path:
        """The private folder: secret, gradebook, and what older releases were graded by."""
        return self.secret.parent

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The katas, in the file's order."""
        return tuple(Entry(part.kata, self.suite.root) for part in self.parts)

    def entry(self, kata: str) -> Entry:
        """Return a kata of this assignment as this version has it."""
        return next(entry for entry in self.entries if entry.id == kata)

    def part(self, kata: str) -> Part:
        """Return what this assignment says about one of its katas."""
        return next(part for part in self.parts if part.kata == kata)

    def shown_cases(self, part: Part) -> tuple[CaseSpec, ...]:
        """Return the cases of a kata whose details students may see."""
        return tuple(c for c in self.entry(part.kata).cases if part.shows(c.id, c.title))

    @cached_property
    def version(self) -> str:
        """A short digest of what is graded: solutions, graders, stubs, points and engine."""
        from dojo.instructor.versions import digest

        return self.pinned or digest(self)

    def salt(self, student: str = "") -> str:
        """Return the salt of the hidden inputs; the student counts only if the file says so."""
        return derive_salt(self._secret, self.name, student if self.per_student else "")

    def key(self) -> str:
        """Return the text that gives this assignment's salts where the secret must not go."""
        return assignment_key(self._secret, self.name)

    def secret_text(self) -> str:
        """Return the secret itself, to be searched for where it must not be."""
        return self._secret.decode()

    @cached_property
    def _secret(self) -> bytes:
        return read_secret(self.secret)

    def at(self, version: str) -> Assignment:
        """Return this assignment with katas and points as an earlier release had them.

        Due date, late rule and secret are today's. Raises AssignmentError where nothing is kept.
        """
        from dojo.instructor.versions import recall

        return self if version == self.version else recall(self, version)

    def chosen(self, version: str | None) -> Chosen:
        """Return what a submission is graded by that says it was made against `version`."""
        if version == self.version:
            return Chosen(self)
        if version is None or not re.fullmatch(r"[0-9a-f]{10}", version):
            return Chosen(self, f"It does not say its version: graded by {self.version}.")
        try:
            older = self.at(version)
        except AssignmentError:
            note = f"It says version {version}, which was never released: graded by {self.version}."
            return Chosen(self, note)
        if self.older == "say so":
            note = f"It was made against version {version} and is graded by {self.version}."
            return Chosen(self, note)
        return Chosen(older, f"It was made against version {version} and is graded by it.")

    def with_parts(self, parts: Sequence[Part], **changes: object) -> Assignment:
        """Return this assignment with other parts, and what else changes."""
        return replace(self, parts=tuple(parts), **changes)  # type: ignore[arg-type]


def find(suite: Suite, name_or_path: str) -> Path:
    """Return the file of an assignment: by name below the suite's root, or by its path."""
    import difflib

    given = Path(name_or_path)
    folder = suite.root / FOLDER
    if given.suffix == ".toml" or len(given.parts) > 1:
        named = given.with_name(f"{given.name}.toml")
        places = [given, named, suite.root / given, suite.root / named]
    else:
        places = [folder / f"{name_or_path}.toml"]
    for place in places:
        if place.is_file():
            return place.resolve()
    names = sorted(path.stem for path in folder.glob("*.toml"))
    near = difflib.get_close_matches(given.stem, names, n=3, cutoff=0.4) or names[:8]
    advice = (
        f"there is {', '.join(near)}"
        if near
        else f"`dojo assignment new {given.stem or 'hw1'} --katas softmax` begins one"
    )
    raise AssignmentError(places[0], [Problem(f"there is no such assignment: {advice}")])


def load(suite: Suite, name_or_path: str) -> Assignment:
    """Read an assignment; AssignmentError lists everything that is wrong with its file."""
    from dojo.instructor.assignment_file import read

    path = find(suite, name_or_path)
    assignment, problems = read(suite, path)
    if assignment is None or problems:
        raise AssignmentError(path, problems)
    return assignment
