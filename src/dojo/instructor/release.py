"""Release an assignment: write it for a target, look for leaks, and only then hand it out."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dojo.instructor.assignment import Assignment
from dojo.trouble import Trouble

__all__ = [
    "MANIFEST",
    "TARGETS",
    "Leak",
    "ReleaseError",
    "Released",
    "Target",
    "describe",
    "find_target",
    "release",
]

TARGETS: Final = {
    "files": "dojo.instructor.to_files",
    "gradescope": "dojo.instructor.to_gradescope",
    "github": "dojo.instructor.to_github",
    "nbgrader": "dojo.instructor.to_nbgrader",
}
"""Where each target's `TARGET` is defined; a module is imported when it is asked for."""

MANIFEST: Final = "release.json"
"""The file by which a release says what it is, and by which one may be replaced."""


class ReleaseError(Trouble):
    """A release that cannot be written; the message says what to do."""


class Leak(ReleaseError):
    """A release would have held what students must not see; nothing was handed out."""


@dataclass(frozen=True)
class Target:
    """A form that a release can take."""

    name: str
    write: Callable[[Assignment, Path], None]
    """Write everything into an empty folder, which is looked through before it goes anywhere."""
    next_steps: Callable[[Assignment, Path], Sequence[str]]
    """Say what the instructor does next with the finished folder."""
    public: bool = True
    """Whether students get what is written; if so, nothing private may be in it."""
    install: Callable[[Assignment, Path, Path], None] | None = None
    """Bring the written folder (second) into the one asked for (third).

    None where the written folder becomes the one asked for, which must not hold other things.
    """


@dataclass(frozen=True)
class Released:
    """A release that has been handed out."""

    folder: Path
    version: str
    next_steps: tuple[str, ...]


def find_target(name: str) -> Target:
    """Return a target by its name."""
    if name not in TARGETS:
        raise ReleaseError(f"there is no target {name!r}: write --to {', '.join(TARGETS)}")
    target = importlib.import_module(TARGETS[name]).TARGET
    assert isinstance(target, Target)
    return target


def release(
    assignment: Assignment, target: Target, folder: Path, *, replace: bool = False
) -> Released:
    """Write a release to `folder`, unless something private would be in it.

    What this version is graded by is kept first, in the private folder. Raises Leak, ReleaseError.
    """
    from dojo.instructor.leaks import leaks
    from dojo.instructor.versions import keep

    folder = Path(os.path.abspath(folder))
    secrets = (assignment.salt(), assignment.key(), assignment.secret_text())
    if target.install is None:
        _demand_free(assignment, target, folder, replace)
    _demand_apart(assignment, folder)
    keep(assignment)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        beside.chmod(0o755 if target.public else 0o700)
        target.write(assignment, beside)
        found = leaks(beside, assignment.suite, secrets) if target.public else []
        if found:
            listed = "\n".join(f"  {line}" for line in found[:20])
            more = f"\n  … and {len(found) - 20} more" if len(found) > 20 else ""
            raise Leak(f"nothing was released, since this would be seen:\n{listed}{more}")
        if target.install is not None:
            target.install(assignment, beside, folder)
        else:
            _put(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Released(folder, assignment.version, tuple(target.next_steps(assignment, folder)))


def describe(assignment: Assignment, target: str) -> dict[str, Any]:
    """Return what a release says about itself, to be written as its `release.json`."""
    import dojo

    return {
        "assignment": assignment.name,
        "title": assignment.title,
        "version": assignment.version,
        "engine": dojo.__version__,
        "target": target,
        "due": assignment.due.isoformat() if assignment.due else None,
        "points": assignment.points,
        "katas": [{"id": part.kata, "points": part.points} for part in assignment.parts],
    }


def _demand_free(assignment: Assignment, target: Target, folder: Path, replace: bool) -> None:
    """Refuse a folder that holds anything but an earlier release of the same."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    mine = _is_release_of(folder, assignment.name, target.name)
    if not mine:
        raise ReleaseError(f"{folder} holds other things: name a folder that does not exist yet")
    if not replace:
        raise ReleaseError(
            f"{folder} holds a release already: add --replace to write it anew, or name another"
        )


def _is_release_of(folder: Path, name: str, target: str) -> bool:
    places = (folder / MANIFEST, folder / name / MANIFEST)
    try:
        place = next(place for place in places if place.is_file())
        said = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, StopIteration):
        return False
    return isinstance(said, dict) and (said.get("assignment"), said.get("target")) == (name, target)


def _demand_apart(assignment: Assignment, folder: Path) -> None:
    """Refuse a release inside the suite's trees or the private folder."""
    for tree in (*(assignment.suite.root / t for t in ("katas", "solutions", "graders")),):
        if folder.is_relative_to(tree):
            raise ReleaseError(f"{folder} lies among the katas: name a folder outside {tree}")
    if folder == assignment.suite.root:
        raise ReleaseError(f"{folder} is the suite itself: name a folder of its own")


def _put(beside: Path, folder: Path) -> None:
    """Move a finished folder to its place; what was there goes only once the new one stands."""
    old: Path | None = None
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
        os.replace(folder, old / folder.name)
    try:
        os.replace(beside, folder)
    except OSError:
        if old is not None:
            os.replace(old / folder.name, folder)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
