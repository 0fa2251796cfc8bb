"""Release as files: a folder and the same as a zip, with stubs, statements and a self-check."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.handout import filenames, write_handout
from dojo.instructor.release import Target

__all__ = ["TARGET", "zip_folder"]

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The only time in a zip, so that the same files give the same bytes."""


def zip_folder(folder: Path, archive: Path, inside: str = "") -> None:
    """Pack a folder's files in order of their names; bytes depend on names and contents only."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = (Path(inside) / path.relative_to(folder)).as_posix()
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3
            executable = path.read_bytes().startswith(b"#!")
            member.external_attr = (0o100755 if executable else 0o100644) << 16
            packed.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def _write(assignment: Assignment, folder: Path) -> None:
    inner = folder / assignment.name
    inner.mkdir()
    write_handout(assignment, inner, "files")
    zip_folder(inner, folder / f"{assignment.name}.zip", assignment.name)


def _next_steps(assignment: Assignment, folder: Path) -> list[str]:
    names = ", ".join(filenames(assignment).values())
    return [
        f"give students {folder / assignment.name}.zip: they hand in {names}",
        f"when they have: dojo grade-all SUBMISSIONS -a {assignment.name}",
    ]


TARGET: Final = Target("files", _write, _next_steps)
