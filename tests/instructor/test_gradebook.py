"""Tables go into Canvas, Moodle and spreadsheets, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from html import escape, unescape
from pathlib import Path

import pytest

from dojo.instructor.assignment import Assignment
from dojo.instructor.classroom import write_tables
from dojo.instructor.feedback import feedback_text
from dojo.instructor.gradebook import (
    ExportError,
    Table,
    canvas,
    cell,
    moodle,
    plain,
    read_table,
    write_table,
)
from dojo.instructor.grading import Graded, Mark
from dojo.verdict import CaseResult, KataResult, Verdict

KATA = "basics/scaled_sum"


def graded(student: str, earned: float = 4.0, *, kept: float = 1.0, doubt: str = "") -> Graded:
    doubts = (doubt,) if doubt else ()
    result = KataResult(kata=KATA, verdict=Verdict.WRONG, doubts=doubts)
    mark = Mark(KATA, 6.0, earned, result)
    return Graded("hw1", "0123456789", student, (mark,), kept=kept, late=kept < 1)


def rows(table: Table) -> list[list[str]]:
    text = write_table(table).decode()
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "  @"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    found = cell(f"{start}HYPERLINK(1)")

    assert not found.strip().startswith(tuple("=+-@＝"))
    assert found.endswith("HYPERLINK(1)")


@pytest.mark.parametrize("text", ["-1.5", "3", "-", "", "Jane", "O'Hara", "王芳", 'a"b,c;d'])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert text == cell(text)
    assert [[text], [text]] == rows(Table((text,), ((text,),))) or text == ""


def starts(table: Table) -> set[str]:
    """Return how cells begin, whatever character a program takes to end one."""
    text = write_table(table).decode()
    found = [row for d in ",;\t|" for row in csv.reader(io.StringIO(text), delimiter=d)]
    return {text.lstrip(' "')[:1] for row in found for text in row}


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", [";", "; ", "|", "\t", "\n", ' ;"', "\n;\x00", ";=;", ";;"])
def test_no_cell_holds_a_formula_for_a_program_that_splits_elsewhere(
    hw: Assignment, before: str, sign: str
) -> None:
    evil = f"kim{before}{sign}1+cmd|A0"
    given = Table(
        ("Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments"),
        (("Participant 1", evil, "", "-", f"<p>{evil}</p>"), ("Participant 2", "", "", "-", evil)),
    )

    assert not starts(plain(hw, [graded(f"{evil}_1", doubt=evil)])) & set("=+-@＝＋－＠")
    assert not starts(canvas(hw, [graded(f"{evil}_1")])) & set("=+-@＝＋－＠")
    assert not starts(moodle(hw, [], given)) & set("=+@＝＋－＠")
    for text in (evil, f"{before}{sign}", f"x{before}{sign}{sign}1"):
        assert not starts(Table(("a", text), ((text, text),))) & set("=+-@＝＋－＠")


def test_every_cell_stands_in_quotation_marks() -> None:
    assert b'"a","b"\r\n"1.5",""\r\n' == write_table(Table(("a", "b"), (("1.5", ""),)))


def test_plain_table_has_katas_total_and_what_is_to_be_looked_at(hw: Assignment) -> None:
    table = plain(hw, [graded("=SUM(A1)", kept=0.9, doubt="line 3: getattr"), graded("Zoë")])

    header, first, second = rows(table)

    assert ["Student", KATA, "Sum", "Kept of it", "Total", "Out of"] == header[:6]
    assert ["'=SUM(A1)", "4", "4", "0.9", "3.6", "6"] == first[:6]
    assert f"{KATA}: line 3: getattr" == first[-1]
    assert "Zoë" == second[0]
    assert write_table(table, mark=True).startswith(b"\xef\xbb\xbf")


# --- Canvas ---------------------------------------------------------------------------------------


def test_canvas_table_has_its_columns_and_points_possible(hw: Assignment) -> None:
    header, possible, first = rows(canvas(hw, [graded("doejane_101", kept=0.5)]))

    assert ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", hw.title] == header
    assert ("Points Possible", "6") == (possible[0].strip(), possible[-1])
    assert ["doejane", "101", "", "", "", "2"] == first


def test_canvas_column_for_each_kata_adds_up_to_the_total(hw: Assignment) -> None:
    table = canvas(hw, [graded("doejane_101", kept=0.5)], per_kata=True)
    header, _, first = rows(table)

    assert [f"{hw.title}: scaled_sum"] == header[5:]
    assert ["2"] == first[5:]


def test_gradebook_of_canvas_is_filled_in_and_loses_nothing(hw: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text(
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Homework <one> (987),Other (5),"
        "Final Score\n"
        "    Points Possible,,,,,6.00,10,(read only)\n"
        '"Doe, Jane",101,s1,jane,A,,7,\n'
        '"Roe, Eric",102,s2,eric,A,1.5,8,\n',
        encoding="utf-8",
    )

    table = canvas(hw, [graded("doejane_101"), graded("gone_999")], read_table(path))
    header, possible, jane, eric = rows(table)

    assert "Homework <one> (987)" == header[5]
    assert 8 == len(header)
    assert ["Doe, Jane", "101", "s1", "jane", "A", "4", "7", ""] == jane
    assert "1.5" == eric[5]  # nothing was graded, so nothing is changed
    assert "(read only)" == possible[-1]
    assert "gone_999" in table.remarks[0]


def test_students_without_an_id_are_named(hw: Assignment) -> None:
    assert "anna" in canvas(hw, [graded("anna")]).remarks[0]


@pytest.mark.parametrize("students", [("Alice_101", "Eve_101"), ("101", "Eve_101")])
def test_number_of_two_students_gives_neither_a_grade_and_is_said(
    hw: Assignment, students: tuple[str, str]
) -> None:
    given = Table(("Student", "ID"), (("Alice", "101"), ("Ben", "102")))
    sheet = Table(("Identifier", "Grade", "Last modified (grade)"), (("Participant 101", "", "-"),))
    done = [graded(students[0], 6.0), graded(students[1], 0.0), graded("Ben_102", 1.0)]
    expected = f"the number 101 stands for {', '.join(students)}: enter these grades by hand"

    tables = (canvas(hw, done, given), canvas(hw, done), moodle(hw, done, sheet), moodle(hw, done))

    assert [True] * 4 == [expected in table.remarks[0] for table in tables]
    filled, made, filled_sheet, made_sheet = (table.rows for table in tables)
    assert [("Alice", "101", ""), ("Ben", "102", "1")] == [*filled[1:]]
    assert ["Ben"] == [row[0] for row in made[1:]]
    assert "" == filled_sheet[0][1]
    assert ["Participant 102"] == [row[0] for row in made_sheet]


def test_digits_of_a_name_are_no_number_and_a_row_without_one_gets_nothing(hw: Assignment) -> None:
    given = Table(("Student", "ID"), (("Alice", "101"), ("Test Student", "")))

    table = canvas(hw, [graded("eve101"), graded("carl")], given)

    assert ["", ""] == [row[-1] for row in table.rows[1:]]
    assert "no Canvas ID for eve101, carl" in table.remarks[0]


# --- Moodle ---------------------------------------------------------------------------------------


def test_moodle_worksheet_has_the_columns_that_its_importer_looks_for(hw: Assignment) -> None:
    header, first = rows(moodle(hw, [graded("<b>Zoë</b>_4712")]))
    row = dict(zip(header, first, strict=True))

    assert "Participant 4712" == row["Identifier"]
    assert ("4", "6.00") == (row["Grade"], row["Maximum Grade"])
    assert "Last modified (grade)" in row
    assert row["Feedback comments"].startswith("<pre>Homework &lt;one&gt;")
    assert "<b>" not in row["Feedback comments"]
    assert "4" == row[f"{hw.title}: scaled_sum"]


def test_worksheet_of_moodle_is_filled_in(hw: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text(
        "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade)\n"
        'Participant 4711,Jane Doe,jane@x.org,,100.00,"Monday, 2 March 2026"\n'
        "Participant 4712,Zoë,zoe@x.org,3.00,100.00,-\n",
        encoding="utf-8",
    )

    table = moodle(hw, [graded("Jane Doe_4711")], read_table(path))
    _, jane, zoe = rows(table)

    assert ["Participant 4711", "Jane Doe", "jane@x.org", "4", "100.00"] == jane[:5]
    assert "3.00" == zoe[3]
    assert "the maximum grade there is 100.00 and here 6" in table.remarks[-1]


def test_comments_look_the_same_in_moodle_with_no_sign_to_begin_a_formula(
    hw: Assignment,
) -> None:
    given = Table(
        ("Identifier", "Grade", "Last modified (grade)", "Feedback comments"),
        (
            ("Participant 1", "", "-", "<p>here x &lt;= 1;\n- == good</p>"),
            ("Participant 2", "", "-", ""),
        ),
    )
    case = CaseResult(case="output", title="is x <= 1;=1+1 ", verdict=Verdict.WRONG)
    result = KataResult(kata=KATA, verdict=Verdict.WRONG, cases=(case,))
    done = Graded("hw1", "0123456789", "zoe_2", (Mark(KATA, 6.0, 0.0, result),))

    first, second = (row[3] for row in rows(moodle(hw, [done], given))[1:])

    assert "<p>here x &lt;&#61; 1;\n&#45; &#61;&#61; good</p>" == first
    assert escape("is x <= 1;=1+1") not in second
    assert f"<pre>{feedback_text(hw, done)}</pre>" == unescape(second)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("Name,Points\nx,1\n", "no gradebook of Canvas"),
    ],
)
def test_table_of_another_kind_is_refused(
    hw: Assignment, tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "given.csv"
    path.write_text(text)

    with pytest.raises(ExportError, match=expected):
        canvas(hw, [graded("a_1")], read_table(path))
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(ExportError, match="no CSV file in UTF-8"):
        read_table(path)


def test_tables_are_written_where_they_are_asked_for(hw: Assignment, tmp_path: Path) -> None:
    targets = {"csv": tmp_path / "a.csv", "canvas": None, "moodle": tmp_path / "new" / "m.csv"}

    written = list(write_tables(hw, [graded("a_1")], targets, fill=None, per_kata=False))

    assert [tmp_path / "a.csv", tmp_path / "new" / "m.csv"] == written
    with pytest.raises(ExportError, match="say which table"):
        list(write_tables(hw, [], {"csv": None}, fill=None, per_kata=False))
    with pytest.raises(ExportError, match="--fill goes with one of"):
        list(write_tables(hw, [], targets | {"canvas": tmp_path}, fill=tmp_path, per_kata=False))
