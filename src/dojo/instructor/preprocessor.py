"""What nbgrader does in a course of katas, in place of executing notebooks.

`nbgrader_config.py` calls `configure`. From then on

- `KataSource` lets stubs through when the release is generated, and sets the due date;
- `KataCells` rebuilds a submitted notebook from what was released, so that nothing in it but text
  of answers comes from the student;
- `KataGrade` takes the answers as text and has them graded in sandboxed children;
- `KataReview` marks for a person what the machine should not decide alone;
- `KataArchives` unpacks a download of a learning platform, `KataNames` tells whose a file in it is;
- `KataLate` takes the assignment's late rule off the score.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import warnings
import weakref
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import nbgrader
from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    DeduplicateIds,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Bool, Unicode

from dojo.instructor.course_folder import CourseFolder
from dojo.instructor.desk import Desk
from dojo.instructor.downloads import KataArchives, KataNames
from dojo.instructor.grading import Mark
from dojo.instructor.notebook import answer_id, points_id, stub_cell
from dojo.instructor.rebuild import rebuild, released_cells

__all__ = [
    "KataArchives",
    "KataCells",
    "KataGrade",
    "KataLate",
    "KataNames",
    "KataReview",
    "KataSource",
    "configure",
]

TEMPLATES: Final = Path(__file__).parent / "templates" / "nbgrader"


def configure(c: Any, file: str) -> None:
    """Set up nbgrader for the course whose settings stand in `file`."""
    from nbgrader.converters import GenerateAssignment

    root = Path(file).resolve().parent
    c.CourseDirectory.root = str(root)
    for kind in (KataSource, KataGrade, KataLate):
        c[kind.__name__].course = str(root)
    # Names, not classes: formgrader shows the settings as JSON.
    c.GenerateAssignment.preprocessors = [
        _name(KataSource if step is ClearSolutions else step)
        for step in GenerateAssignment.preprocessors.default()
    ]
    c.Autograde.sanitize_preprocessors = [
        *map(_name, (KataCells, ClearOutput, DeduplicateIds)),
        *map(_name, (OverwriteKernelspec, OverwriteCells, CheckCellMetadata)),
    ]
    c.Autograde.autograde_preprocessors = [
        *map(_name, (KataGrade, LimitOutput, SaveAutoGrades, KataReview)),
        *map(_name, (AssignLatePenalties, CheckCellMetadata)),
    ]
    c.OverwriteCells.add_missing_cells = True
    c.AssignLatePenalties.plugin_class = _name(KataLate)
    c.ZipCollectApp.extractor_plugin = _name(KataArchives)
    c.ZipCollectApp.collector_plugin = _name(KataNames)
    # By its path: importing it would import a web server.
    theirs = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
    page = c.GenerateFeedback.HTMLExporter
    page.template_name = "dojo_feedback"
    page.extra_template_basedirs = [str(TEMPLATES), str(theirs / "templates")]
    page.extra_template_paths = [
        str(theirs / "templates"),
        str(theirs / "static" / "node_modules" / "bootstrap" / "dist" / "css"),
    ]
    if shutil.which("alembic") is None:  # nbgrader starts it by name to make a gradebook
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    # Of nbgrader's own use of SQLAlchemy, and nothing that an instructor can do anything about.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", module="nbgrader")


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


class KataSource(ClearSolutions):
    """Let the cells of katas through, which hold no solution, and clear those of all others."""

    course = Unicode(help="The folder of the course.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Clear what is to be cleared, and bring the due date to the gradebook."""
        where = resources["nbgrader"]
        assignment = CourseFolder.read(Path(self.course)).load(where["assignment"])
        self._stubs = {answer_id(entry.id): stub_cell(entry) for entry in assignment.entries}
        nb, resources = super().preprocess(nb, resources)
        due = assignment.due.astimezone(UTC).replace(tzinfo=None) if assignment.due else None
        with Gradebook(where["db_url"]) as gradebook:
            gradebook.update_or_create_assignment(where["assignment"], duedate=due)
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Leave a cell alone that is exactly a stub."""
        stub = self._stubs.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if stub is None:
            return super().preprocess_cell(cell, resources, cell_index)
        if cell.source.strip() != stub.strip():
            raise ValueError(
                f"cell {cell.metadata.nbgrader.grade_id} is not the stub any more: what you have "
                "written in it would be handed out. `dojo release` writes the notebook anew"
            )
        return cell, resources


class KataCells(NbGraderPreprocessor):
    """Rebuild a submitted notebook: its cells as released, and in them the student's text."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return a notebook whose metadata is all ours; text of the student's cannot act in it."""
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            found = gradebook.find_notebook(where["notebook"], where["assignment"])
            rebuilt = rebuild(nb, released_cells(found))
        for name in rebuilt["metadata"]["dojo"]["missing"]:
            self.log.warning("Cell %s is missing from the submission: it is added back", name)
        return node(rebuilt), resources


class KataGrade(NbGraderPreprocessor):
    """Grade a sanitised notebook: answers as text, in children of one warm process."""

    course = Unicode(help="The folder of the course.").tag(config=True)
    without_sandbox = Bool(
        False, help="Grade where walls are missing: only if you would run this code yourself."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Write points and breakdown into every cell that carries points."""
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                # No output would mean all points, so there is one before anything can fail.
                cell.outputs = [_output(0.0, "<p>This has not been graded.</p>")]
        try:
            resources["dojo"] = self._grade(nb, resources["nbgrader"])
        except Exception:
            _withdraw(resources["nbgrader"])
            raise
        return nb, resources

    def _grade(self, nb: NotebookNode, where: Mapping[str, str]) -> dict[str, Any]:
        found = self._desk().grade(where["assignment"], where["student"], nb)
        copies = nb.metadata.get("dojo", {}).get("copies", {})
        parts = {points_id(mark.kata): mark for mark in found.graded.marks}
        review: dict[str, str] = {}
        notes = list(found.notes)
        for cell in nb.cells:
            if not utils.is_grade(cell) or utils.is_solution(cell):
                continue
            name = cell.metadata.nbgrader.grade_id
            mark = parts.get(name)
            if mark is None:
                review[name] = "no kata of the assignment belongs to this cell"
                continue
            page = found.page(mark, notes, copies.get(answer_id(mark.kata), 1))
            notes = []
            cell.outputs = [_output(_earned(mark, cell.metadata.nbgrader.points), page)]
            if mark.result.doubts:
                review[name] = "; ".join(mark.result.doubts)
        for name, why in review.items():
            self.log.warning("%s, %s: a person should look: %s", where["student"], name, why)
        return {"review": review}

    def _desk(self) -> Desk:
        """Return what grades, shared by the whole run of the program that this belongs to."""
        owner = self.parent
        desk = getattr(owner, "dojo_desk", None)
        if not isinstance(desk, Desk):
            desk = Desk(Path(self.course), without_sandbox=self.without_sandbox)
            owner.dojo_desk = desk
            weakref.finalize(owner, desk.close)
        return desk


def node(value: dict[str, Any]) -> NotebookNode:
    """Return a dictionary in the form that nbconvert wants."""
    made: NotebookNode = from_dict(value)  # type: ignore[no-untyped-call]
    return made


def _output(points: float, page: str) -> NotebookNode:
    return node(
        {
            "output_type": "execute_result",
            "execution_count": None,
            "metadata": {},
            "data": {"text/plain": repr(points), "text/html": page},
        }
    )


def _earned(mark: Mark, points: float) -> float:
    """Return a plain finite number between 0 and the points of the cell."""
    share = mark.earned / mark.points if mark.points > 0 else 0.0
    earned = round(share * float(points), 6)
    return min(max(earned, 0.0), float(points)) if math.isfinite(earned) else 0.0


def _withdraw(where: Mapping[str, str]) -> None:
    """Take back what the gradebook holds of a submission that could not be graded."""
    with Gradebook(where["db_url"]) as gradebook:
        found = gradebook.find_submission_notebook(
            where["notebook"], where["assignment"], where["student"]
        )
        for grade in found.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        gradebook.db.commit()


class KataReview(NbGraderPreprocessor):
    """Mark for manual grading what `KataGrade` had doubts about."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Set the marks; the points stay, for a person to confirm or change."""
        where = resources["nbgrader"]
        review = resources.get("dojo", {}).get("review", {})
        if review:
            with Gradebook(where["db_url"]) as gradebook:
                for name in review:
                    grade = gradebook.find_grade(
                        name, where["notebook"], where["assignment"], where["student"]
                    )
                    grade.needs_manual_grade = True
                gradebook.db.commit()
        return nb, resources


class KataLate(BasePlugin):
    """The late rule of the assignment's file."""

    course = Unicode(help="The folder of the course.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Return the points that being late costs."""
        assignment = CourseFolder.read(Path(self.course)).load(self.parent.assignment_id)
        lost = score * (1.0 - assignment.late.keeps(total_seconds_late))
        return round(lost, 6) or None
