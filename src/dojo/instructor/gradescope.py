"""Grade one submission where Gradescope runs it: python -m dojo.instructor.gradescope /autograder

The folder has `source/` (the autograder as it was uploaded), `submission/` (what a student has
handed in) and `submission_metadata.json`; the result goes to `results/results.json`.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import pwd
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from dojo.engine import Engine
from dojo.instructor.assignment import Assignment, AssignmentError
from dojo.instructor.assignment_file import read
from dojo.instructor.collect import collect_one
from dojo.instructor.feedback import breakdown_html
from dojo.instructor.grading import Graded, Graders, Mark, NoSandbox, grade_submission
from dojo.launch import Settings, launch
from dojo.suite import Suite
from dojo.translations import words

__all__ = ["grade", "main", "prepare", "results"]

FAILED: Final = (
    "The autograder itself has failed, which is no fault of yours, and no mark either. "
    "Your instructor can see why; hand in again once it is mended."
)
NOBODY: Final = "nobody"
HARMLESS: Final = frozenset(
    {
        *("reading /etc/passwd", "reading its own map"),
        *("writing a file", "making a folder", "locking a file"),
    }
)
"""What an answer that runs as nobody may do in a container that is thrown away afterwards."""


@dataclass(frozen=True)
class _Who:
    """What Gradescope says about a submission; nothing where it does not say it."""

    student: str
    submitted: datetime | None
    due: datetime | None
    """The student's own due date, extensions included."""


def main(arguments: Sequence[str]) -> int:
    """Grade the submission in a folder, or prepare for grading where `--prepare` comes first."""
    preparing = arguments[:1] == ["--prepare"]
    base = Path(arguments[-1] if arguments[preparing:] else "/autograder")
    if preparing:
        prepare(base)
        return 0
    start = time.monotonic()
    try:
        found = results(*grade(base))
    except Exception:  # whatever it is: a student gets an answer, and the instructor the reason
        traceback.print_exc()
        found = {"score": 0.0, "output": FAILED, "output_format": "text", "tests": []}
    found |= {
        "execution_time": round(time.monotonic() - start, 1),
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }
    _write(base / "results" / "results.json", found)
    return 0


def prepare(base: Path) -> None:
    """Compute what is expected while the image is built, so that no student waits for it."""
    assignment = _assignment(base)
    with Engine(sandbox=False) as engine:  # what runs is ours
        graders = Graders(engine, assignment.suite)
        salt = assignment.salt()
        for part in assignment.parts:
            key = graders.key(assignment, part.kata, salt)
            graders.grader(assignment, salt).references.mistakes(key)


def grade(base: Path) -> tuple[Assignment, Graded]:
    """Grade what lies in `submission/`; raises NoSandbox where that is not safe."""
    assignment = _assignment(base)
    who = _who(base / "submission_metadata.json")
    if who.due is not None and assignment.due is not None:
        assignment = replace(assignment, due=who.due)
    (base / "results").mkdir(exist_ok=True)
    private = [base / "source", base / "submission", base / "results"]
    for folder in private:
        with contextlib.suppress(PermissionError):  # then it is not ours, and others keep it
            folder.chmod(0o700)
    assignment.salt(who.student)  # where the key is spoilt, this says so
    submission = collect_one(assignment, base / "submission", who.student)
    user = _another_user()
    settings = Settings(closed=tuple(map(str, private)))
    with Engine(closed=private, warm=launch(settings, user)) as engine:
        gaps = _gaps(engine.examine(), private, user is not None)
        if gaps:
            raise NoSandbox(f"answers would not be kept apart here: {'; '.join(gaps)}")
        graders = Graders(engine, assignment.suite)
        timed = replace(submission, submitted=who.submitted)
        return assignment, grade_submission(graders, assignment, timed)


def results(assignment: Assignment, graded: Graded) -> dict[str, Any]:
    """Return what Gradescope shows: a test for each kata, and a remark on the whole."""
    used = assignment if graded.version == assignment.version else assignment.at(graded.version)
    notes = [*graded.notes]
    if graded.kept != 1.0:
        notes.append(f"Late: {100 * graded.kept:.4g} % of the points count.")
    for kata, doubt in graded.doubts:
        print(f"{kata}: to be looked at: {doubt}")  # for the instructor only
    return {
        "score": graded.total,
        "output": "".join(f"<p>{html.escape(note)}</p>" for note in notes),
        "output_format": "html",
        "test_output_format": "html",
        "tests": [_test(used, number, mark) for number, mark in enumerate(graded.marks, start=1)],
        "extra_data": {"assignment": graded.assignment, "version": graded.version},
    }


def _test(assignment: Assignment, number: int, mark: Mark) -> dict[str, Any]:
    return {
        "name": words(assignment.entry(mark.kata), assignment.language).title,
        "number": str(number),
        "score": mark.earned,
        "max_score": mark.points,
        "status": "passed" if mark.result.passed else "failed",
        "output": breakdown_html(assignment.part(mark.kata), mark, assignment.language),
        "output_format": "html",
        "visibility": "visible",
    }


def _assignment(base: Path) -> Assignment:
    """Read the one assignment of an autograder; its key lies beside it."""
    suite = Suite(base / "source" / "suite")
    path = next((suite.root / "assignments").glob("*.toml"))
    assignment, problems = read(suite, path)
    if assignment is None:
        raise AssignmentError(path, problems)
    key = suite.root / "course" / "key"
    with contextlib.suppress(PermissionError):
        key.chmod(0o600)  # what has been packed and unpacked has lost its permissions
    return replace(assignment, secret=key)


def _who(path: Path) -> _Who:
    """Read Gradescope's metadata; what is missing or odd in it is left out."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    users = [user for user in _list(said, "users") if isinstance(user, dict)]
    names = sorted(str(user.get("email") or user.get("id") or "") for user in users)
    places = [user.get("assignment") for user in users] + [_get(said, "assignment")]
    dues = [due for place in places if (due := _time(_get(place, "due_date")))]
    return _Who(next(iter(names), "") or "student", _time(_get(said, "created_at")), _first(dues))


def _first(dues: Sequence[datetime]) -> datetime | None:
    return dues[0] if dues else None


def _get(table: object, key: str) -> object:
    return table.get(key) if isinstance(table, Mapping) else None


def _list(table: object, key: str) -> list[Any]:
    found = _get(table, key)
    return found if isinstance(found, list) else []


def _time(text: object) -> datetime | None:
    with contextlib.suppress(ValueError):
        if isinstance(text, str):
            found = datetime.fromisoformat(text)
            return found if found.tzinfo is not None else None
    return None


def _another_user() -> int | None:
    """Return whom answers should run as: root may hand them to nobody, if that one has Python."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(NOBODY).pw_uid
        probe = [sys.executable, "-P", "-s", "-c", "import numpy, dojo.warm"]
        done = subprocess.run(
            probe, user=user, group=user, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except (KeyError, OSError):
        return None
    return user if done.returncode == 0 else None


def _gaps(report: Mapping[str, str], closed: Sequence[Path], other_user: bool) -> list[str]:
    """Return what in a self-test would let an answer reach what it must not.

    Without Landlock, which many containers lack, it is the other user who cannot read what is
    root's; then files that anybody may read stay readable, and empty ones can be made.
    """
    if not report:
        return ["the sandbox has not been tested"]
    private = {f"reading {path}" for path in closed}
    return [
        f"{what}: {found}"
        for what, found in report.items()
        if found != "stands" and not (other_user and what not in private and _is_harmless(what))
    ]


def _is_harmless(what: str) -> bool:
    return what in HARMLESS or (
        what.startswith("reading /") and not what.startswith("reading another's")
    )


def _write(path: Path, found: dict[str, Any]) -> None:
    """Replace the result in one step, so that what is read is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(".results.json")
    beside.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
