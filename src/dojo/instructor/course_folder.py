"""The folder of an nbgrader course, and the file in it that says what grades it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dojo.instructor.assignment import Assignment, load
from dojo.suite import NoSuite, Suite
from dojo.trouble import Trouble

__all__ = ["RECORD", "CourseError", "CourseFolder"]

RECORD: Final = "dojo-course.json"


class CourseError(Trouble):
    """A course folder that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class CourseFolder:
    """Where the suite is, and which assignments of the course it grades."""

    root: Path
    suite: str
    """Where the suite was when something was released last."""
    assignments: Mapping[str, str]
    """Each assignment's file, relative to the suite where it lies in it."""

    @classmethod
    def read(cls, root: Path) -> CourseFolder:
        """Read the record of a course; CourseError where there is none."""
        try:
            said: Any = json.loads((root / RECORD).read_text(encoding="utf-8"))
            return cls(root, str(said["suite"]), dict(said["assignments"]))
        except FileNotFoundError:
            raise CourseError(
                f"{root} is no course of ours, as it has no {RECORD}: "
                "`dojo release NAME --to nbgrader FOLDER` makes one"
            ) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise CourseError(
                f"{root / RECORD} cannot be read: delete it and release each assignment once more"
            ) from None

    @classmethod
    def read_or_new(cls, root: Path, suite: Suite) -> CourseFolder:
        """Read the record of a course, or begin one; the suite is the one given."""
        if (root / RECORD).exists():
            return replace(cls.read(root), suite=str(suite.root))
        return cls(root, str(suite.root), {})

    def with_assignment(self, assignment: Assignment) -> CourseFolder:
        """Return the course with an assignment more."""
        path = assignment.path.resolve()
        home = Path(self.suite).resolve()
        file = path.relative_to(home) if path.is_relative_to(home) else path
        return replace(self, assignments={**self.assignments, assignment.name: str(file)})

    def write(self) -> None:
        """Write the record in one step."""
        said = {"suite": self.suite, "assignments": dict(sorted(self.assignments.items()))}
        beside = self.root / f".{RECORD}.new"
        beside.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        os.replace(beside, self.root / RECORD)

    def find_suite(self) -> Suite:
        """Return the suite: where it was, or else around the course, or where DOJO_ROOT says."""
        for start in (Path(self.suite), None if "DOJO_ROOT" in os.environ else self.root):
            with contextlib.suppress(NoSuite):
                return Suite.locate(start)
        raise CourseError(
            f"the suite is no longer at {self.suite}: write its new place into "
            f"{self.root / RECORD}, or set DOJO_ROOT to it"
        )

    def load(self, name: str) -> Assignment:
        """Read an assignment that this course has released."""
        if name not in self.assignments:
            known = ", ".join(self.assignments) or "none yet"
            raise CourseError(
                f"{name} was not released with `dojo release`, and nothing else is graded in this "
                f"course (released: {known}). Keep other assignments in a course of their own"
            )
        suite = self.find_suite()
        return load(suite, str(suite.root / self.assignments[name]))
