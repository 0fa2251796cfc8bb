"""Grades as tables: plain, and in the columns that Canvas and Moodle read.

Canvas knows a student by its own ID, Moodle's grading worksheet by `Participant NUMBER`; both
stand at the end of the names in their bulk downloads. A table that the platform has given out can
be filled in, which loses none of its columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.feedback import feedback_text
from dojo.instructor.grading import Graded
from dojo.trouble import Trouble

__all__ = ["ExportError", "Table", "canvas", "cell", "moodle", "plain", "read_table", "write_table"]

CANVAS_COLUMNS: Final = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS: Final = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
    *("Grade can be changed", "Last modified (submission)", "Last modified (grade)"),
    "Feedback comments",
)
POSSIBLE: Final = "Points Possible"
SIGNS: Final = "=+-@＝＋－＠"
FORMULAS: Final = (*SIGNS, "\t", "\r", "\n")
SPLIT: Final = re.compile(rf"([;|\t\r\n][ \"]*)(?=[{re.escape(SIGNS)}])")
"""Where a cell goes on like a formula, for a program that takes this to be the next cell."""
SIGNS_FIRST: Final = re.compile(
    rf"((?:\A|[;|\t\r\n])[ \"]*)([{re.escape(SIGNS)}][ \"{re.escape(SIGNS)}]*)"
)
HARMLESS: Final = re.compile(r"-?\d+(\.\d+)?|-")
"""Numbers, and the dash that stands for nothing."""


class ExportError(Trouble):
    """A table that cannot be filled in; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """Rows under a header, and what to tell the instructor about them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, wherever it splits a line.

    Where people write a comma in numbers, spreadsheets split at semicolons, and what stands in
    quotation marks between commas does not hold them together.
    """
    clean = "".join(c for c in text if c.isprintable() or c in "\n\t")
    clean = SPLIT.sub(r"\1'", clean)
    if clean.lstrip(" ").startswith(FORMULAS) and not HARMLESS.fullmatch(clean):
        return f"'{clean}"
    return clean


def write_table(table: Table, *, mark: bool = False) -> bytes:
    """Return a table as CSV in UTF-8, with a byte order mark where spreadsheets open it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for row in (table.header, *table.rows):
        writer.writerow([cell(text) for text in row])
    return out.getvalue().encode("utf-8-sig" if mark else "utf-8")


def read_table(path: Path) -> Table:
    """Read a table that a platform has given out."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise ExportError(f"{path} is no CSV file in UTF-8: export it again") from None
    if not rows:
        raise ExportError(f"{path} is empty: export it again")
    width = len(rows[0])
    return Table(tuple(rows[0]), tuple(tuple([*row, *[""] * width][:width]) for row in rows[1:]))


def plain(assignment: Assignment, graded: Sequence[Graded]) -> Table:
    """Return one row for each student, one column for each kata, and the total."""
    katas = [part.kata for part in assignment.parts]
    header = (
        *("Student", *katas, "Sum", "Kept of it", "Total", "Out of"),
        *("Handed in", "Late", "Hours late", "Version", "To be looked at"),
    )
    rows = []
    for one in graded:
        earned = {mark.kata: mark.earned for mark in one.marks}
        hours = "" if one.seconds_late is None else _number(one.seconds_late / 3600)
        rows.append(
            (
                one.student,
                *(_number(earned[kata]) if kata in earned else "" for kata in katas),
                *(_number(one.raw), _number(one.kept), _number(one.total), _number(one.points)),
                one.submitted.isoformat(" ", "minutes") if one.submitted else "",
                *("yes" if one.late else "no", hours, one.version),
                "; ".join(f"{kata}: {doubt}" for kata, doubt in one.doubts),
            )
        )
    return Table(header, tuple(rows))


def canvas(
    assignment: Assignment,
    graded: Sequence[Graded],
    given: Table | None = None,
    *,
    per_kata: bool = False,
) -> Table:
    """Return what Canvas imports: the total, or a column for each kata, less what lateness costs.

    `given` is the gradebook as Canvas exports it; a column with the assignment's title is filled.
    """
    if given is not None and not _has(given, CANVAS_COLUMNS[:2]):
        raise ExportError(
            "that is no gradebook of Canvas: its first columns would be Student and ID. Export it "
            "with Grades, Export"
        )
    columns = _columns(assignment, per_kata)
    by_id, remarks = _by_number(graded)
    base = given or Table(CANVAS_COLUMNS, tuple(map(_canvas_row, _unambiguous(graded, by_id))))
    where = base.header.index("ID") if given else 1
    rows = [row for row in base.rows if not _is_possible(row)]
    possible = next((row for row in base.rows if _is_possible(row)), None)
    filled = _fill(
        Table(base.header, (possible or _blank(base.header, POSSIBLE), *rows)),
        [
            (
                title,
                lambda row, value=value, most=most: (  # type: ignore[misc]
                    most if _is_possible(row) else _value(by_id.get(row[where].strip()), value)
                ),
            )
            for title, most, value in columns
        ],
    )
    found = {row[where].strip() for row in rows}
    remarks += _missing(_unambiguous(graded, by_id), found, "Canvas ID")
    return Table(filled.header, filled.rows, tuple(remarks))


def moodle(assignment: Assignment, graded: Sequence[Graded], given: Table | None = None) -> Table:
    """Return Moodle's offline grading worksheet, with the feedback as text and a column per kata.

    `given` is the worksheet as Moodle gives it out: it knows when a grade was last changed.
    """
    needed = ("Identifier", "Grade", "Last modified (grade)")
    if given is not None and not _has(given, needed):
        raise ExportError(
            "that is no grading worksheet of Moodle in English: it would have the columns "
            f"{', '.join(needed)}. Download it with “Download grading worksheet”"
        )
    by_id, remarks = _by_number(graded)
    rows = tuple(_moodle_row(assignment, one) for one in _unambiguous(graded, by_id))
    base = given or Table(MOODLE_COLUMNS, rows)
    where = base.header.index("Identifier")

    def known(row: Sequence[str]) -> Graded | None:
        return by_id.get(_participant(row[where]))

    def kept(row: Sequence[str]) -> str:
        place = base.header.index("Feedback comments") if _has(base, ["Feedback comments"]) else -1
        return _without_signs(row[place]) if place >= 0 else ""

    columns: list[tuple[str, Callable[[Sequence[str]], str]]] = [
        ("Grade", lambda row: _value(known(row), lambda one: one.total)),
        ("Feedback comments", lambda row: _comment(assignment, known(row)) or kept(row)),
    ]
    for title, _, value in _columns(assignment, per_kata=True):
        columns.append((title, lambda row, value=value: _value(known(row), value)))  # type: ignore[misc]
    filled = _fill(base, columns)
    found = {_participant(row[where]) for row in base.rows}
    remarks += _missing(_unambiguous(graded, by_id), found, "number")
    remarks += _other_maximum(assignment, base)
    return Table(filled.header, filled.rows, tuple(remarks))


Column = tuple[str, str, Callable[[Graded], float]]
"""A title, the points that there are, and what a student has of them."""


def _columns(assignment: Assignment, per_kata: bool) -> list[Column]:
    if not per_kata:
        return [(assignment.title, _number(assignment.points), lambda one: one.total)]
    return [
        (
            f"{assignment.title}: {part.kata.rpartition('/')[2]}",
            _number(part.points),
            lambda one, kata=part.kata: _of_kata(one, kata),  # type: ignore[misc]
        )
        for part in assignment.parts
    ]


def _of_kata(one: Graded, kata: str) -> float:
    """Return a kata's points after the late rule."""
    return sum(mark.earned for mark in one.marks if mark.kata == kata) * one.kept


def _fill(base: Table, columns: Iterable[tuple[str, Callable[[Sequence[str]], str]]]) -> Table:
    """Return a table with columns filled, or added at its end; what is not known stays."""
    header, rows = list(base.header), [list(row) for row in base.rows]
    for title, value in columns:
        titles = [re.sub(r" \(\d+\)$", "", name) for name in header]
        if title not in titles:
            header.append(title)
            titles.append(title)
            for row in rows:
                row.append("")
        place = titles.index(title)
        for row in rows:
            row[place] = value(row) or row[place]
    return Table(tuple(header), tuple(map(tuple, rows)), base.remarks)


def _value(one: Graded | None, value: Callable[[Graded], float]) -> str:
    return "" if one is None else _number(value(one))


def _comment(assignment: Assignment, one: Graded | None) -> str:
    """Return the feedback as Moodle shows it, which is HTML."""
    from markupsafe import escape

    if one is None:
        return ""
    return _without_signs(f"<pre>{escape(feedback_text(assignment, one))}</pre>")


def _without_signs(html: str) -> str:
    """Write signs that could begin a formula as HTML has them, which looks the same in Moodle."""
    return SIGNS_FIRST.sub(
        lambda m: m[1] + "".join(f"&#{ord(c)};" if c in SIGNS else c for c in m[2]), html
    )


def _canvas_row(one: Graded) -> tuple[str, ...]:
    name = re.sub(r"_(\d+|anon_\w+)$", "", one.student)
    return (name, _number_at_end(one.student), "", "", "")


def _moodle_row(assignment: Assignment, one: Graded) -> tuple[str, ...]:
    name = re.sub(r"_\d+$", "", one.student)
    most = f"{assignment.points:.2f}"
    status = "Submitted for grading"
    number = _number_at_end(one.student)
    return (f"Participant {number}", name, "", status, "", most, "Yes", "-", "-", "")


def _number_at_end(student: str) -> str:
    """Return the platform's number, which stands alone or after the name; else nothing.

    Digits that belong to a name are no number: people choose them.
    """
    found = re.search(r"(?:^|_)([0-9]+)$", student.strip())
    return found[1] if found else ""


def _participant(identifier: str) -> str:
    """Return the number in a row of Moodle's worksheet."""
    found = re.search(r"([0-9]+)$", identifier.strip())
    return found[1] if found else ""


def _by_number(graded: Sequence[Graded]) -> tuple[dict[str, Graded], list[str]]:
    """Return who has which number, and say which of them several students claim: nobody has it."""
    found: dict[str, list[Graded]] = {}
    for one in graded:
        if number := _number_at_end(one.student):
            found.setdefault(number, []).append(one)
    remarks = [
        f"the number {number} stands for {_listed([one.student for one in same])}: enter these "
        "grades by hand, once you know whose it is"
        for number, same in found.items()
        if len(same) > 1
    ]
    return {number: same[0] for number, same in found.items() if len(same) == 1}, remarks


def _unambiguous(graded: Sequence[Graded], by_id: Mapping[str, Graded]) -> list[Graded]:
    """Leave out students whose number is somebody else's too."""
    return [
        one
        for one in graded
        if not (number := _number_at_end(one.student)) or by_id.get(number) is one
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _missing(graded: Sequence[Graded], found: set[str], what: str) -> tuple[str, ...]:
    """Name the students who have a grade and no row, or nothing that the platform knows."""
    lost = [
        one.student
        for one in graded
        if not _number_at_end(one.student) or _number_at_end(one.student) not in found
    ]
    if not lost:
        return ()
    return (f"no {what} for {_listed(lost)}: enter these grades by hand",)


def _other_maximum(assignment: Assignment, base: Table) -> list[str]:
    if "Maximum Grade" not in base.header:
        return []
    place = base.header.index("Maximum Grade")
    found = {row[place].replace(",", ".") for row in base.rows} - {"", "-"}
    try:
        others = sorted(most for most in found if float(most) != assignment.points)
    except ValueError:
        others = sorted(found)
    if not others:
        return []
    return [
        f"the maximum grade there is {others[0]} and here {assignment.points:g}: set it in Moodle "
        "first, since grades above it are left out without a word"
    ]


def _has(table: Table, names: Iterable[str]) -> bool:
    return all(name in table.header for name in names)


def _is_possible(row: Sequence[str]) -> bool:
    return row[0].strip() == POSSIBLE and not row[1].strip()


def _blank(header: Sequence[str], first: str) -> tuple[str, ...]:
    return (f"    {first}", *("" for _ in header[1:]))


def _number(value: float) -> str:
    """Write a number without a tail of noughts."""
    return f"{round(value, 4):.4f}".rstrip("0").rstrip(".")
