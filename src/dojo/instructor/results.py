"""Results on disk: one JSON file per student, written in one step, found again by content."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Graded, Submission
from dojo.trouble import Trouble

__all__ = ["Results", "ResultsError", "key_of", "slug", "write_file"]

FORMAT: Final = 1
BESIDE: Final = ".new-"
"""How a file's name begins before it is whole."""


class ResultsError(Trouble):
    """Results that cannot be read or written; the message says what to do."""


class _Stored(msgspec.Struct):
    key: str
    graded: Graded


def key_of(assignment: Assignment, submission: Submission) -> str:
    """Return a name for everything that a result depends on."""
    used = assignment.chosen(submission.version).assignment
    parts = (
        FORMAT,
        assignment.name,
        used.version,
        used.salt(submission.student),
        assignment.due,
        assignment.late,
        submission,
    )
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def slug(student: str) -> str:
    """Return a file name for a student: readable, harmless everywhere, never the same for two."""
    bare = re.sub(r"[^\w.-]+", "-", student, flags=re.ASCII).strip("-.")[:40]
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{bare}-{digest}" if bare else digest


def write_file(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that a kill leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, beside = tempfile.mkstemp(dir=path.parent, prefix=BESIDE)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


class Results:
    """The results of one assignment, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes from writing here; sweep up what a kill has left half written."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ResultsError(
                    f"another process is grading into {self.folder}: wait for it, end it, or "
                    "name another folder with --out"
                ) from None
            for left in self.folder.glob(f"{BESIDE}*"):
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(fd)

    def path(self, student: str) -> Path:
        """Return where a student's result lies."""
        return self.folder / f"{slug(student)}.json"

    def load(self, student: str, key: str) -> Graded | None:
        """Return a result that was made from the same, if there is one."""
        stored = self._read(self.path(student))
        return stored.graded if stored is not None and stored.key == key else None

    def store(self, key: str, graded: Graded) -> None:
        """Write a result, in the place of an older one."""
        text = msgspec.json.encode(_Stored(key, graded), order="sorted")
        write_file(self.path(graded.student), msgspec.json.format(text, indent=1) + b"\n")

    def all(self) -> tuple[Graded, ...]:
        """Return all results by student; ResultsError where there is none or one is damaged."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            stored = self._read(path)
            if stored is None:
                raise ResultsError(
                    f"{path} is damaged: delete it and run `dojo grade-all` again, which grades "
                    "only what is missing"
                )
            found.append(stored.graded)
        if not found:
            raise ResultsError(
                f"no results in {self.folder}: `dojo grade-all SUBMISSIONS -a NAME` makes them"
            )
        return tuple(sorted(found, key=lambda graded: graded.student))

    def _read(self, path: Path) -> _Stored | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Stored)
        except (OSError, msgspec.DecodeError):
            return None
