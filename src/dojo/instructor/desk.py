"""Grade the notebooks of one course, one after the other, with one engine that stays warm."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dojo.engine import Engine, EngineError
from dojo.instructor.assignment import Assignment
from dojo.instructor.course_folder import CourseFolder
from dojo.instructor.feedback import breakdown_html
from dojo.instructor.grading import (
    Graded,
    Graders,
    Mark,
    Submission,
    demand_sandbox,
    grade_submission,
)
from dojo.instructor.notebook import read, stub_cell
from dojo.instructor.rebuild import MISSING
from dojo.instructor.sources import without_magics
from dojo.stubs import derive

__all__ = ["Desk", "Found"]

ATTEMPTS: Final = 2
"""An engine that has died is started anew once."""


@dataclass(frozen=True)
class Found:
    """What came of one notebook."""

    assignment: Assignment
    graded: Graded
    notes: tuple[str, ...]
    remarks: Mapping[str, tuple[str, ...]]

    def page(self, mark: Mark, notes: Sequence[str], n_cells: int = 1) -> str:
        """Return the breakdown of a kata; what is not ours in it is escaped."""
        part = self.assignment.part(mark.kata)
        body = breakdown_html(part, mark, self.assignment.language)
        remarks = () if mark.result.passed else self.remarks.get(mark.kata, ())
        if n_cells > 1:
            notes = (*notes, f"{n_cells} cells claim to be this answer: the last one was graded.")
        said = [_paragraph(text) for text in (*notes, *remarks)]
        return "\n".join((*said, body))


def _paragraph(text: str) -> str:
    parts = re.split(r"`([^`]*)`", text)
    inside = "".join(
        f"<code>{html.escape(part)}</code>" if index % 2 else html.escape(part)
        for index, part in enumerate(parts)
    )
    return f"<p>{inside}</p>"


class Desk:
    """Everything that grades one course, kept from student to student; `close` ends the engine."""

    def __init__(self, root: Path, *, without_sandbox: bool = False) -> None:
        self._folder = CourseFolder.read(root)
        self._suite = self._folder.find_suite()
        self._without_sandbox = without_sandbox
        self._assignments: dict[str, Assignment] = {}
        self._graders: dict[Path, Graders] = {}
        self._stubs: dict[tuple[Path, str], tuple[str, str]] = {}
        self._stack = ExitStack()
        self._engine: Engine | None = None

    def close(self) -> None:
        """End the engine; the next notebook starts another."""
        self._graders.clear()
        self._engine = None
        self._stack.close()

    def grade(self, name: str, student: str, notebook: Mapping[str, Any]) -> Found:
        """Grade a notebook that has been rebuilt; an engine that dies is replaced once.

        Raises Trouble where it is not the submission's fault.
        """
        if name not in self._assignments:
            self._assignments[name] = self._folder.load(name)
        current = self._assignments[name]
        answers = read(notebook, [part.kata for part in current.parts])
        chosen = current.chosen(answers.version)
        submission = Submission(
            student,
            dict(self._sources(chosen.assignment, answers.sources)),
            version=chosen.assignment.version,  # the note says what there is to say
        )
        graded = self._grade(chosen.assignment, submission)
        notes = (chosen.note,) if chosen.note else ()
        return Found(chosen.assignment, graded, notes, answers.remarks)

    def _grade(self, assignment: Assignment, submission: Submission) -> Graded:
        for _ in range(ATTEMPTS - 1):
            try:
                return grade_submission(self._of(assignment), assignment, submission)
            except EngineError:
                self.close()
        return grade_submission(self._of(assignment), assignment, submission)

    def _sources(
        self, assignment: Assignment, answers: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Yield what was handed in; an untouched cell is the stub, a missing one nothing."""
        for kata, text in answers.items():
            cell, stub = self._stub(assignment, kata)
            if text.strip() == cell.strip():
                yield kata, stub
            elif text != MISSING:
                yield kata, without_magics(text).rstrip("\n") + "\n"

    def _stub(self, assignment: Assignment, kata: str) -> tuple[str, str]:
        """Return what the cell began as, and the stub that it was made of."""
        key = (assignment.suite.root, kata)
        if key not in self._stubs:
            entry = assignment.entry(kata)
            stub = derive(entry.solution.read_text(encoding="utf-8"))
            self._stubs[key] = (stub_cell(entry), stub)
        return self._stubs[key]

    def _of(self, assignment: Assignment) -> Graders:
        """Return the graders of an assignment's suite, which differs where a version is old."""
        if self._engine is None:
            closed = (self._suite.root, self._folder.root, assignment.course)
            self._engine = self._stack.enter_context(Engine(closed=closed))
            if not self._without_sandbox:
                demand_sandbox(self._engine)
        root = assignment.suite.root
        if root not in self._graders:
            cache = self._suite.root / ".dojo" / "expected"
            self._graders[root] = Graders(self._engine, assignment.suite, cache)
        return self._graders[root]
