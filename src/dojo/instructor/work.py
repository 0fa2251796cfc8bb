"""Grading as work that any process can do: plain values in, plain values out.

A worker gets the texts, the salt and the version; katas and engine it must have itself, and it
refuses work for others than it has, since the grades could differ.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import dojo
from dojo.instructor.assignment import Assignment, LateRule, Part, Scoring
from dojo.instructor.grading import Graders, Mark, Submission, grade_parts
from dojo.suite import Suite
from dojo.trouble import Trouble

__all__ = [
    "Desk",
    "OtherVersion",
    "Task",
    "Terms",
    "assignment_of",
    "engine_digest",
    "platform_text",
    "task_of",
    "terms_of",
]

PEOPLE: Final = ("practice", "instructor")
"""Packages that people use, where no verdict is made."""
NOWHERE: Final = Path("no secret is known here")


class OtherVersion(Trouble):
    """A worker whose katas, engine or libraries are not those that the work is for."""


@dataclass(frozen=True)
class Terms:
    """What a version of an assignment grades by, as a worker must know it."""

    name: str
    version: str
    scoring: Scoring
    parts: tuple[tuple[str, float], ...]
    engine: str
    """A digest of the engine's own source."""
    platform: str
    """Versions of what computes."""
    folder: str = ""
    """Where an older version is kept, on this machine only; empty for the current one."""


@dataclass(frozen=True)
class Task:
    """One submission, or with no sources the preparation for one kata."""

    terms: Terms
    salt: str
    sources: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""


@cache
def engine_digest() -> str:
    """Return a digest of every module that a verdict passes through."""
    folder = Path(dojo.__file__).parent
    whole = hashlib.sha256()
    ours = (folder / "instructor" / name for name in ("grading.py", "work.py"))
    rest = (p for p in folder.rglob("*.py") if p.relative_to(folder).parts[0] not in PEOPLE)
    for path in sorted((*rest, *ours)):
        whole.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return whole.hexdigest()[:16]


@cache
def platform_text() -> str:
    """Name the versions that numbers may depend on."""
    libraries = (f"{name} {importlib.metadata.version(name)}" for name in ("torch", "numpy"))
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return ", ".join((python, *libraries, platform.machine()))


def terms_of(assignment: Assignment) -> Terms:
    """Return what a worker needs to know of an assignment, or of an older version of it."""
    return Terms(
        name=assignment.name,
        version=assignment.version,
        scoring=assignment.scoring,
        parts=tuple((part.kata, float(part.points)) for part in assignment.parts),
        engine=engine_digest(),
        platform=platform_text(),
        folder=str(assignment.suite.root) if assignment.pinned else "",
    )


def task_of(assignment: Assignment, submission: Submission) -> Task:
    """Return the work of grading a submission."""
    used = assignment.chosen(submission.version).assignment
    katas = {part.kata for part in used.parts}
    sources = {kata: text for kata, text in submission.sources.items() if kata in katas}
    return Task(terms_of(used), used.salt(submission.student), sources)


class Desk:
    """A place where tasks are done: one engine, and the katas of one suite."""

    def __init__(self, graders: Graders, suite: Suite) -> None:
        self._graders = graders
        self._suite = suite
        self._known: dict[Terms, Assignment] = {}

    def do(self, task: Task) -> tuple[Mark, ...]:
        """Do a task; OtherVersion where this is not the place for it."""
        assignment = self._assignment(task.terms)
        if task.prepare:
            self._graders.prepare(assignment, task.prepare, task.salt, mistakes=True)
            return ()
        return grade_parts(self._graders, assignment, task.salt, task.sources)

    def _assignment(self, terms: Terms) -> Assignment:
        if terms not in self._known:
            self._known[terms] = assignment_of(terms, self._suite)
        return self._known[terms]


def assignment_of(terms: Terms, suite: Suite) -> Assignment:
    """Return the assignment as a suite has it; OtherVersion if that is not what is meant."""
    from dojo.instructor.versions import digest

    if terms.engine != engine_digest():
        raise OtherVersion(
            f"its engine ({dojo.__version__}, {engine_digest()}) is not the one here "
            f"({terms.engine}): install the same version of the suite there"
        )
    if terms.platform != platform_text():
        raise OtherVersion(f"it has {platform_text()}, and here is {terms.platform}")
    parts = tuple(Part(kata, points) for kata, points in terms.parts)
    if terms.folder and not Path(terms.folder).is_dir():
        raise OtherVersion(f"it does not have the older version {terms.version}")
    found = Assignment(
        name=terms.name,
        title=terms.name,
        parts=parts,
        due=None,
        late=LateRule(),
        language="en",
        per_student=False,
        older="say so",
        scoring=terms.scoring,
        secret=NOWHERE,
        path=NOWHERE,
        suite=Suite(Path(terms.folder)) if terms.folder else suite,
        pinned=terms.version if terms.folder else "",
    )
    try:
        version = terms.version if terms.folder else digest(found)
    except OSError as error:
        raise OtherVersion(f"it lacks a kata: {error.filename}") from None
    if version != terms.version:
        raise OtherVersion(
            f"its katas ({version}) are not those of {terms.name} here ({terms.version}): "
            "copy the same folder of katas there"
        )
    return found
