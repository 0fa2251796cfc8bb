"""Versions of an assignment: a digest of what is graded, and copies of what it was."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dojo
from dojo.instructor.secret import private_folder
from dojo.suite import Entry, Suite

if TYPE_CHECKING:
    from dojo.instructor.assignment import Assignment, Part

__all__ = ["Stamp", "digest", "keep", "kept", "read_stamp", "recall", "stamp"]

LENGTH: Final = 10
"""Hexadecimal digits of a version."""
VERSION: Final = rf"[0-9a-f]{{{LENGTH}}}"
MANIFEST: Final = "version.json"
STAMP: Final = re.compile(
    rf"^# dojo: (?P<assignment>[\w-]+) (?P<version>{VERSION}) (?P<kata>[a-z0-9_]+/[a-z0-9_]+)\b",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Stamp:
    """What a released file says about itself."""

    assignment: str
    version: str
    kata: str


def stamp(assignment: Assignment, kata: str) -> str:
    """Return the comment that a released stub begins with."""
    return f"# dojo: {assignment.name} {assignment.version} {kata} (leave this line as it is)"


def read_stamp(text: str) -> Stamp | None:
    """Return what a submitted text says it was made against; the student may have changed it."""
    found = STAMP.search(text[:20_000])
    return Stamp(**found.groupdict()) if found else None


def digest(assignment: Assignment) -> str:
    """Return the version of an assignment as its suite and its file are now."""
    sources = ((entry.id, path.read_bytes()) for entry, path in _sources(assignment))
    return _digest(dojo.__version__, assignment.scoring, assignment.parts, sources)


def keep(assignment: Assignment) -> Path:
    """Keep what this version is graded by, in the private folder; in one step, and once."""
    folder = _folder(assignment, assignment.version)
    if (folder / MANIFEST).exists():
        return folder
    private_folder(assignment.course)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
    try:
        for entry, path in _sources(assignment):
            copy = beside / path.relative_to(entry.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        for tree in ("katas", "solutions", "graders"):
            (beside / tree).mkdir(exist_ok=True)
        text = json.dumps(_manifest(assignment), indent=2, ensure_ascii=False) + "\n"
        (beside / MANIFEST).write_text(text, encoding="utf-8")
        try:
            os.rename(beside, folder)
        except OSError:
            if not (folder / MANIFEST).exists():  # somebody else was faster, which is fine
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def kept(assignment: Assignment) -> tuple[str, ...]:
    """Return the versions that can be graded by, in no order of time."""
    folder = _folder(assignment, "").parent / assignment.name
    found = (path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    return tuple(sorted(name for name in found if re.fullmatch(VERSION, name)))


def recall(assignment: Assignment, version: str) -> Assignment:
    """Return an assignment with the katas and the points of a version that was kept."""
    from dojo.instructor.assignment import AssignmentError, Part, Problem

    folder = _folder(assignment, version)
    listed = ", ".join(kept(assignment)) or "none"
    if not re.fullmatch(VERSION, version) or not (folder / MANIFEST).is_file():
        message = f"version {version[:20]!r} is not kept; those that are: {listed}"
        raise AssignmentError(assignment.path, [Problem(message)])
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts = [Part(p["kata"], p["points"], tuple(p["shown"])) for p in manifest["parts"]]
        older = assignment.with_parts(
            parts, scoring=manifest["scoring"], suite=Suite(folder), pinned=version
        )
        sources = [(entry.id, path.read_bytes()) for entry, path in _sources(older)]
        found = _digest(manifest["engine"], older.scoring, older.parts, sources)
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}"
    if found != version:
        message = (
            f"what is kept of version {version} has been changed: restore {folder} from a copy"
        )
        raise AssignmentError(assignment.path, [Problem(message)])
    return older


def _folder(assignment: Assignment, version: str) -> Path:
    return assignment.course / "versions" / assignment.name / version


def _sources(assignment: Assignment) -> Iterator[tuple[Entry, Path]]:
    """Yield the hand-written files; a stub follows from its solution."""
    for entry in assignment.entries:
        yield entry, entry.solution
        yield entry, entry.grader


def _manifest(assignment: Assignment) -> dict[str, Any]:
    return {
        "assignment": assignment.name,
        "version": assignment.version,
        "engine": dojo.__version__,
        "scoring": assignment.scoring,
        "parts": [
            {"kata": part.kata, "points": part.points, "shown": part.shown}
            for part in assignment.parts
        ],
    }


def _digest(
    engine: str, scoring: str, parts: Iterable[Part], sources: Iterable[tuple[str, bytes]]
) -> str:
    whole = hashlib.sha256()
    head = [engine, scoring, [[part.kata, float(part.points)] for part in parts]]
    whole.update(json.dumps(head).encode())
    for id, data in sources:
        whole.update(f"\0{id}\0{hashlib.sha256(data).hexdigest()}".encode())
    return whole.hexdigest()[:LENGTH]
