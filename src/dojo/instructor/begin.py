"""Begin an assignment: its file, which explains itself, and the course's secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dojo.instructor.assignment import FOLDER, AssignmentError, Problem
from dojo.instructor.assignment_file import NAME, SECRET
from dojo.instructor.secret import create_secret
from dojo.suite import Entry, Suite, UnknownKata

__all__ = ["Begun", "begin", "template"]

HEAD: Final = """\
# An assignment. `dojo assignment check {name}` says whether all is well with it, and
# `dojo release {name} --to files FOLDER` hands it out. Nothing in this file is secret.

title = {title}

# Until when, with the time zone. Without a due date nothing is late.
# due = 2026-03-01T23:59:00+01:00

# The language of what students read around the statements: "en" or "zh".
language = "en"

# Points for each case title that passes ("titles"), or only for a whole kata ("all or nothing").
scoring = "titles"

# Work on an older release counts by that release ("that version"), or by the newest one, with a
# remark in the feedback ("say so").
older = "that version"

# Hidden inputs differ from course to course. Shall they differ from student to student, too?
# Then every student costs as much as the first one does.
per_student = false

# Where the course's secret lies, seen from this file. The gradebook belongs beside it. Git leaves
# that folder out and no release holds anything of it: keep a copy in a safe place.
secret = {secret}

[late]
grace_minutes = 0  # so many minutes late still count as in time
lost_per_day = 0.0  # the share of its points that work loses for each day begun, as in 0.1
# days = 5  # after so many days it earns nothing
"""

KATA: Final = """
[[katas]] # {title}, about {minutes} minutes
id = {id}
points = {points}
# Titles of cases whose details students may see; all others stay hidden. There are:
{titles}
shown = []
"""


@dataclass(frozen=True)
class Begun:
    """What was written."""

    path: Path
    secret: Path
    secret_is_new: bool
    katas: tuple[str, ...]


def begin(
    suite: Suite, name: str, names: Iterable[str], *, title: str = "", points: float = 5.0
) -> Begun:
    """Write an assignment's file, and the course's secret if there is none.

    Raises AssignmentError with everything that is wrong; an assignment that is there stays.
    """
    path = suite.root / FOLDER / f"{name}.toml"
    problems: list[Problem] = []
    if not re.fullmatch(NAME, name):
        problems.append(Problem(f"{name!r} is no name: take letters, digits, - and _, as in hw1"))
        path = suite.root / FOLDER / "new.toml"
    elif path.exists():
        problems.append(Problem("it exists already: edit it, or take another name"))
    entries = _entries(suite, names, problems)
    if not entries and not problems:
        problems.append(Problem("name a kata: --katas softmax,ucb1; `dojo list` shows all"))
    if not points > 0:
        problems.append(Problem(f"--points {points:g} is not above zero"))
    if problems:
        raise AssignmentError(path, problems)
    text = template(name, entries, title or name, points)
    path.parent.mkdir(exist_ok=True)
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
    secret = (path.parent / SECRET).resolve()
    return Begun(path, secret, create_secret(secret), tuple(entry.id for entry in entries))


def _entries(suite: Suite, names: Iterable[str], problems: list[Problem]) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for name in (part.strip() for whole in names for part in whole.split(",")):
        if name:
            try:
                found += suite.find(name)
            except UnknownKata as error:
                problems.append(Problem(str(error)))
    return tuple(dict.fromkeys(found))


def template(name: str, entries: Iterable[Entry], title: str, points: float) -> str:
    """Return an assignment's file with every choice that there is, and what it means."""
    head = HEAD.format(name=name, title=_quoted(title), secret=_quoted(SECRET))
    katas = (
        KATA.format(
            title=entry.title,
            minutes=entry.meta.minutes,
            id=_quoted(entry.id),
            points=f"{points:g}",
            titles="\n".join(f"#   {t}" for t in dict.fromkeys(c.title for c in entry.cases)),
        )
        for entry in entries
    )
    return head + "".join(katas)


def _quoted(text: str) -> str:
    """Return a string as TOML writes it; JSON's form is one that TOML reads."""
    return json.dumps(text, ensure_ascii=False)
