"""Release an assignment as a course that nbgrader and its formgrader take."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.course_folder import CourseFolder
from dojo.instructor.notebook import build
from dojo.instructor.release import ReleaseError, Target

__all__ = ["CONFIG", "TARGET"]

CONFIG: Final = "nbgrader_config.py"
CALL: Final = "dojo.instructor.preprocessor"
SETTINGS: Final = '''"""Settings of this course, begun by `dojo release` and yours from then on."""

from dojo.instructor.preprocessor import configure

c = get_config()  # noqa: F821

# The kata grader takes the place of the kernel: no submitted notebook is ever executed.
# Keep this line. Everything that nbgrader documents may be set below it.
configure(c, __file__)

# For the exchange, give the course a name of its own:
# c.CourseDirectory.course_id = "ml101"
'''


def write(assignment: Assignment, folder: Path) -> None:
    """Write what students may see: the assignment's notebook."""
    import nbformat

    notebook = build(assignment)
    nbformat.validate(notebook)
    path = folder / _notebook(assignment)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def install(assignment: Assignment, written: Path, course: Path) -> None:
    """Put the notebook into a course, which may be new or hold other assignments."""
    settings = course / CONFIG
    if settings.exists() and CALL not in settings.read_text(encoding="utf-8"):
        raise ReleaseError(
            f"{settings} is not ours: name another folder, or add these lines to it and release "
            "again:\n  from dojo.instructor.preprocessor import configure\n"
            "  configure(get_config(), __file__)"
        )
    path = course / _notebook(assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() != (written / _notebook(assignment)).read_bytes():
        kept = course / "replaced" / assignment.name
        kept.mkdir(parents=True, exist_ok=True)
        os.replace(path, kept / f"{len(list(kept.iterdir())) + 1}.ipynb")
    os.replace(written / _notebook(assignment), path)
    if not settings.exists():
        settings.write_text(SETTINGS, encoding="utf-8")
    CourseFolder.read_or_new(course, assignment.suite).with_assignment(assignment).write()


def next_steps(assignment: Assignment, course: Path) -> Sequence[str]:
    """Say how the course goes on."""
    return (
        f"cd {course}",
        f"nbgrader generate_assignment {assignment.name}   # writes release/{assignment.name}/",
        "# hand that folder out, collect, and then:",
        f"nbgrader autograde {assignment.name}",
        f"nbgrader generate_feedback {assignment.name}",
    )


def _notebook(assignment: Assignment) -> Path:
    return Path("source", assignment.name, f"{assignment.name}.ipynb")


TARGET: Final = Target("nbgrader", write, next_steps, install=install)
