"""Read an assignment's file and find everything that is wrong with it at once."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeGuard, get_args

from dojo.grader_file import GraderError, listed
from dojo.instructor.assignment import (
    Assignment,
    Language,
    LateRule,
    Older,
    Part,
    Problem,
    Scoring,
)
from dojo.suite import Entry, Suite, UnknownKata

__all__ = ["read"]

KEYS: Final = (
    *("title", "language", "due", "late", "scoring", "older", "per_student", "secret", "katas"),
)
LATE_KEYS: Final = ("grace_minutes", "lost_per_day", "days")
KATA_KEYS: Final = ("id", "points", "shown")
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
SECRET: Final = "../course/secret"


def read(suite: Suite, path: Path) -> tuple[Assignment | None, tuple[Problem, ...]]:
    """Return an assignment, and everything that is wrong; None where it cannot be made."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        return None, (Problem("the file is not UTF-8: save it as UTF-8"),)
    except tomllib.TOMLDecodeError as error:
        return None, (_not_toml(str(error)),)
    reader = _Reader(suite, path, _lines(text))
    assignment = reader.assignment(table)
    return assignment, tuple(sorted(reader.problems, key=lambda problem: problem.line))


def _not_toml(message: str) -> Problem:
    place = re.search(r" \(at line (\d+), column \d+\)", message)
    line = int(place[1]) if place else 0
    what = message[: place.start()] if place else message
    return Problem(f"this is not TOML ({what}): mend this line", line=line)


def _lines(text: str) -> dict[str, int]:
    """Return the line of every key as it is usually written: `late.days`, `katas[2].points`."""
    found: dict[str, int] = {}
    table, count = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[\s*([\w-]+)\s*\]\]", line):
            count += 1
            table = f"{header[1]}[{count}]."
            found.setdefault(header[1], number)
            found[table[:-1]] = number
        elif header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            table = f"{header[1]}."
            found[header[1]] = number
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            found.setdefault(f"{table}{key[1]}", number)
    return found


@dataclass
class _Reader:
    """Turns a table into an assignment and collects what is wrong on the way."""

    suite: Suite
    path: Path
    lines: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)

    def assignment(self, table: dict[str, Any]) -> Assignment | None:
        """Read the whole table; None if anything is wrong."""
        if not re.fullmatch(NAME, self.path.stem):
            self._wrong("", "rename the file: an assignment's name is letters, digits, - and _")
        self._know(table, KEYS)
        late_table = table.get("late", {})
        if not isinstance(late_table, dict):
            self._wrong("late", "write a table: [late], and below it lost_per_day = 0.1")
            late_table = {}
        made = Assignment(
            name=self.path.stem,
            title=self._text(table, "title", None),
            parts=self._parts(table.get("katas", [])),
            due=self._due(table.get("due")),
            late=self._late(late_table),
            language=self._one_of(table, "language", get_args(Language)),
            per_student=self._bool(table, "per_student"),
            older=self._one_of(table, "older", get_args(Older)),
            scoring=self._one_of(table, "scoring", get_args(Scoring)),
            secret=(self.path.parent / self._text(table, "secret", SECRET)).resolve(),
            path=self.path,
            suite=self.suite,
        )
        return None if self.problems else made

    def _wrong(self, key: str, message: str) -> None:
        line = self.lines.get(key, 0) or self.lines.get(key.rpartition(".")[0], 0)
        self.problems.append(Problem(message, key, line))

    def _know(self, table: Mapping[str, Any], keys: Iterable[str], inside: str = "") -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                advice = f"did you mean {near[0]}?" if near else f"there is {listed(keys, 'and')}"
                self._wrong(f"{inside}{key}", f"this key is not known: {advice}")

    def _text(self, table: Mapping[str, Any], key: str, default: str | None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or not value.strip() or "\n" in value:
            self._wrong(key, f'write one line in quotes: {key} = "…"')
            return ""
        return value.strip()

    def _bool(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self._wrong(key, "write true or false")
        return value is True

    def _one_of(self, table: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> Any:
        value = table.get(key, choices[0])
        if value not in choices:
            quoted = [f'"{choice}"' for choice in choices]
            self._wrong(key, f"write {listed(quoted, 'or')}")
        return value

    def _due(self, value: object) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            self._wrong("due", "write it without quotes: 2026-03-01T23:59:00+01:00")
        elif not isinstance(value, date):
            self._wrong("due", "write a date and a time: 2026-03-01T23:59:00+01:00")
        elif not isinstance(value, datetime):
            self._wrong("due", f"add time and time zone: {value.isoformat()}T23:59:00+01:00")
        elif value.tzinfo is None:
            self._wrong("due", f"add the time zone: {value.isoformat()}+01:00, or …Z for UTC")
        else:
            return value
        return None

    def _late(self, table: dict[str, Any]) -> LateRule:
        self._know(table, LATE_KEYS, "late.")
        grace = self._number(table, "grace_minutes", 0.0, math.inf, "minutes, 0 or more: 15")
        lost = self._number(
            table, "lost_per_day", 0.0, 1.0, "the share that a day costs, from 0 to 1: 0.1"
        )
        days = self._number(table, "days", 0.0, math.inf, "days, 0 or more: 5")
        return LateRule(grace or 0.0, lost or 0.0, days)

    def _number(
        self, table: Mapping[str, Any], key: str, low: float, high: float, form: str
    ) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if not _is_number(value) or not low <= value <= high:
            self._wrong(f"late.{key}", f"write {form}")
            return None
        return float(value)

    def _parts(self, tables: object) -> tuple[Part, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._wrong("katas", 'write a table for each kata: [[katas]], and below it id = "…"')
            return ()
        if not tables:
            self._wrong("katas", 'there is no kata: add [[katas]], id = "softmax" and points = 5')
        parts: list[Part] = []
        for number, table in enumerate(tables, 1):
            part = self._part(table, f"katas[{number}].")
            if part is None:
                continue
            if part.kata in [other.kata for other in parts]:
                self._wrong(f"katas[{number}].id", f"{part.kata} is there already: delete one")
            parts.append(part)
        return tuple(parts)

    def _part(self, table: dict[str, Any], inside: str) -> Part | None:
        self._know(table, KATA_KEYS, inside)
        points = table.get("points")
        if not (_is_number(points) and points > 0):
            self._wrong(f"{inside}points", "write a number above zero: points = 5")
            points = 1.0
        entry = self._entry(table.get("id"), f"{inside}id")
        if entry is None:
            return None
        return Part(entry.id, float(points), self._shown(table.get("shown", []), entry, inside))

    def _entry(self, name: object, key: str) -> Entry | None:
        if not isinstance(name, str) or not name.strip():
            self._wrong(key, 'name a kata: id = "softmax"')
            return None
        try:
            found = self.suite.find(name)
        except UnknownKata as error:
            self._wrong(key, str(error))
            return None
        if len(found) > 1:
            names = listed((entry.id for entry in found), "or")
            self._wrong(key, f"{name!r} is a topic: name one of {names}")
            return None
        return found[0]

    def _shown(self, names: object, entry: Entry, inside: str) -> tuple[str, ...]:
        key = f"{inside}shown"
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._wrong(key, 'list titles or ids of cases: shown = ["matches the equation"]')
            return ()
        try:
            known = dict.fromkeys(name for case in entry.cases for name in (case.title, case.id))
        except GraderError as error:
            self._wrong(f"{inside}id", f"its grader cannot be read: {error}")
            return ()
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
                advice = f"did you mean {near[0]!r}?" if near else f"there is {next(iter(known))!r}"
                self._wrong(key, f"{entry.id} has no case {name!r}: {advice}")
        return tuple(names)


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
