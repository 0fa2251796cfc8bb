"""A course in nbgrader, with students who hand in; each program gets a home of its own."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from course import make_course, right

from dojo.instructor.assignment import load
from dojo.instructor.notebook import answer_id, points_id
from dojo.instructor.release import find_target, release
from dojo.suite import Suite

__all__ = ["KATAS", "Classroom", "clean_path", "environment", "told"]

KATAS = ("basics/softmax", "basics/linear_backward")
Notebook = dict[str, Any]


def environment(home: Path) -> dict[str, str]:
    """Return variables that keep Jupyter, IPython and nbgrader inside one folder."""
    home.mkdir(parents=True, exist_ok=True)
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    places = {f"JUPYTER_{name}": str(home / name.lower()) for name in names}
    return {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), **places}


class Classroom:
    """A released assignment `hw1` of two katas, five points each."""

    def __init__(self, root: Path, due: str = "2026-03-01T12:00:00Z") -> None:
        self.suite = Suite(root / "suite")
        make_course(self.suite.root, KATAS)
        file = self.suite.root / "assignments" / "hw1.toml"
        text = file.read_text().replace("# due = 2026-03-01T23:59:00+01:00", f"due = {due}")
        file.write_text(text.replace("lost_per_day = 0.0", "lost_per_day = 0.1"))
        self.course = self.suite.root / "course"
        self.release()

    def release(self) -> None:
        """Write the course, or the assignment anew."""
        self.assignment = load(self.suite, "hw1")
        release(self.assignment, find_target("nbgrader"), self.course)

    def api(self, **config: Any) -> Any:
        """Return nbgrader's programming interface, with the course's settings as it reads them."""
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import PyFileConfigLoader

        settings = PyFileConfigLoader("nbgrader_config.py", str(self.course)).load_config()
        for name, value in config.items():
            section, _, key = name.partition("__")
            settings[section][key] = value
        api = NbGraderAPI(config=settings)
        api.log.setLevel(logging.WARNING)
        return api

    def generate(self, *, force: bool = False) -> dict[str, Any]:
        """Run `nbgrader generate_assignment hw1`."""
        return told(self.api().generate_assignment("hw1", force=force))

    def autograde(self, student: str = "*", *, force: bool = True, **config: Any) -> dict[str, Any]:
        """Run `nbgrader autograde hw1`, for all students in one go unless told."""
        return told(self.api(**config).autograde("hw1", student, force=force))

    def feedback(self, student: str = "*") -> dict[str, Any]:
        """Run `nbgrader generate_feedback hw1`."""
        return told(self.api().generate_feedback("hw1", student, force=True))

    @property
    def notebook(self) -> Notebook:
        """The notebook as students get it."""
        text = (self.course / "release" / "hw1" / "hw1.ipynb").read_text(encoding="utf-8")
        return dict(json.loads(text))

    def answered(self, answers: Mapping[str, str]) -> Notebook:
        """Return the released notebook with text in the cells of some katas."""
        notebook = self.notebook
        for kata, text in answers.items():
            self.cell(notebook, answer_id(kata))["source"] = text
        return notebook

    def right(self) -> Notebook:
        """Return the released notebook with every kata solved."""
        return self.answered({kata: right(kata) for kata in KATAS})

    def cell(self, notebook: Notebook, id: str) -> dict[str, Any]:
        """Return a cell by its `grade_id`."""
        metas = ((c, c["metadata"].get("nbgrader", {})) for c in notebook["cells"])
        return next(cell for cell, meta in metas if meta.get("grade_id") == id)

    def submit(self, student: str, notebook: Notebook | str, at: str = "") -> None:
        """Put a notebook where collecting would put it."""
        folder = self.course / "submitted" / student / "hw1"
        folder.mkdir(parents=True, exist_ok=True)
        text = notebook if isinstance(notebook, str) else json.dumps(deepcopy(notebook))
        (folder / "hw1.ipynb").write_text(text)
        if at:
            (folder / "timestamp.txt").write_text(at)

    def graded(self, student: str) -> Notebook:
        """Return a student's notebook as it was graded."""
        path = self.course / "autograded" / student / "hw1" / "hw1.ipynb"
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def page(self, student: str, kata: str = KATAS[0]) -> str:
        """Return the breakdown of one kata."""
        output = self.cell(self.graded(student), points_id(kata))["outputs"][0]
        return "".join(output["data"]["text/html"])

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Open the course's gradebook."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}") as gradebook:
            yield gradebook

    def grade(self, student: str, kata: str = KATAS[0]) -> tuple[float | None, bool]:
        """Return what the machine gave, and whether a person is to look at it."""
        with self.gradebook() as gradebook:
            found = gradebook.find_grade(points_id(kata), "hw1", "hw1", student)
            return found.auto_score, bool(found.needs_manual_grade)

    def scores(self) -> dict[str, float]:
        """Return every student's score, late penalty left aside."""
        with self.gradebook() as gradebook:
            submissions = gradebook.assignment_submissions("hw1")
            return {each.student.id: each.score for each in submissions}


def told(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what nbgrader says, with a log that may be empty."""
    return {"log": "", **{key: value for key, value in result.items() if value is not None}}


def clean_path() -> str:
    """Return a search path with the environment's own programs first."""
    import sys

    return os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
