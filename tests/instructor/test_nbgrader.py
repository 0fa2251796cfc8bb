"""nbgrader itself releases, grades and gives back a course of katas, and no cheat gains a point."""

from __future__ import annotations

import io
import json
import math
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import nbformat
import pytest
from browser import browser
from classroom import KATAS, Classroom, clean_path, environment, told
from course import right
from notebook_cheats import CHEATS, WRONG, cheat

from dojo.engine import Engine, EngineError
from dojo.instructor import desk, preprocessor
from dojo.instructor.grading import FAILED, Mark
from dojo.instructor.leaks import leaks
from dojo.instructor.notebook import answer_id, points_id
from dojo.instructor.release import ReleaseError
from dojo.suite import Suite
from dojo.verdict import KataResult, Verdict

SOFTMAX, LINEAR = KATAS
NAIVE = (
    "import numpy as np\n\ndef softmax(x, axis=-1):\n"
    "    e = np.exp(x)\n    return e / e.sum(axis=axis, keepdims=True)\n"
)
LOUD = right(SOFTMAX).replace(
    "    top = ",
    "    import sys, warnings\n    print('hello', file=sys.stderr)\n    warnings.warn('look')\n"
    "    top = ",
    1,
)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    """A course that has been released and generated; tests take students of their own."""
    root = tmp_path_factory.mktemp("nbgrader")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(root / "home").items():
            patch.setenv(name, value)
        patch.setenv("PATH", clean_path())
        patch.delenv("DOJO_ROOT", raising=False)
        patch.chdir(root)
        room = Classroom(root)
        done = room.generate()
        assert done["success"], done["log"]
        yield room


@pytest.fixture(scope="module")
def graded(classroom: Classroom, engine: Engine) -> Iterator[Classroom]:
    """The same course after one run of autograding over everything that anybody handed in.

    Later runs take the engine that all tests share, since starting one costs seconds.
    """
    notes = {"cell_type": "markdown", "metadata": {}, "id": "notes"}
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "c"}
    in_time, late = "2026-03-01 10:00:00 UTC", "2026-03-02 18:00:00 UTC"
    submit, answered = classroom.submit, classroom.answered
    submit("ada", classroom.right(), in_time)
    submit("ben", answered({SOFTMAX: NAIVE}), late)
    submit("untouched", classroom.notebook)
    submit("loud", answered({SOFTMAX: LOUD}))
    submit("magic", answered({SOFTMAX: f"%matplotlib inline\n{right(SOFTMAX)}\n!ls\nsoftmax?\n"}))
    helped = answered({SOFTMAX: "def softmax(x, axis=-1):\n    return helper(x, axis)\n"})
    helped["cells"].insert(1, {**code, "source": "def helper(x, axis):\n    return x\n"})
    submit("helped", helped)
    script = "<script>alert(1)</script><img src=x onerror=alert(2)> [me](javascript:alert(3)) ```"
    scripted = classroom.right()
    scripted["cells"].insert(0, {**notes, "source": script})
    raw = {"raw_mimetype": "text/html"}
    scripted["cells"].append({"cell_type": "raw", "metadata": raw, "source": script, "id": "r"})
    scripted["metadata"]["title"] = script
    submit("script", scripted)
    error = {"output_type": "execute_result", "data": {"text/plain": "5.0", "text/html": script}}
    claimed = answered({SOFTMAX: WRONG})
    claimed["cells"][4]["outputs"] = [{**error, "metadata": {}, "execution_count": 1}]
    submit("claims", claimed)
    old = classroom.right()
    for cell in old["cells"]:
        cell["metadata"]["nbgrader"]["schema_version"] = 1
    submit("oldschema", old)
    odd = classroom.right()
    for number, cell in enumerate(odd["cells"]):
        flags = {"grade": number % 2 == 0, "solution": number % 3 == 0, "locked": False}
        cell["metadata"]["nbgrader"] |= {**flags, "points": -1, "nonsense": [1], "task": True}
    submit("flags", odd)
    strange = classroom.right()
    metas = ("x", [], 3, {"grade": True, "grade_id": "new"})
    strange["cells"] += [
        {**code, "metadata": {"nbgrader": value}, "id": f"odd{number}"}
        for number, value in enumerate(metas)
    ]
    strange["cells"] += [{**code, "source": "\ud800"}]
    for cell in strange["cells"]:
        cell.setdefault("source", "")
    submit("strange", strange)
    twice = answered({SOFTMAX: WRONG})
    copy = {**classroom.cell(twice, answer_id(SOFTMAX)), "source": right(SOFTMAX), "id": "copy"}
    submit("twice", {**twice, "cells": [*twice["cells"], copy]})
    submit("empty", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    submit("garbage", "this is no notebook")
    for name in CHEATS:
        book = cheat(name, classroom.notebook, answer_id(SOFTMAX), points_id(SOFTMAX))
        submit(f"x-{name}", book)
    submit("zoe", classroom.right())
    done = classroom.autograde()
    assert "for student 'garbage'" in done["log"]
    assert done["log"].count("There was an error processing assignment '") == 1, done["log"][-3000:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "Engine", lambda **settings: nullcontext(engine))
        yield classroom


# --- release --------------------------------------------------------------------------------------


def test_a_release_is_a_valid_notebook_with_a_cell_for_each_role(classroom: Classroom) -> None:
    notebook = classroom.notebook
    nbformat.validate(notebook)
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"]]
    of_softmax = [f"basics-softmax{role}" for role in ("-statement", "", "-examples", "-points")]
    assert ["about", *of_softmax] == ids[:5]
    statement, answer, _, points = notebook["cells"][1:5]
    assert r"\frac{\exp(x_{i})}{\sum_{j} \exp(x_{j})}" in "".join(statement["source"])
    assert "raise NotImplementedError" in "".join(answer["source"])
    assert (True, 5) == (
        points["metadata"]["nbgrader"]["grade"],
        points["metadata"]["nbgrader"]["points"],
    )
    assert [False] == [c["metadata"]["editable"] for c in notebook["cells"][:1]]


def test_nothing_private_reaches_notebook_or_gradebook(graded: Classroom) -> None:
    secret = (graded.course / "secret").read_text().split()
    for place in ("source", "release", "dojo-course.json", "nbgrader_config.py"):
        assert [] == leaks(graded.course / place, graded.suite, [*secret, graded.assignment.salt()])
    with sqlite3.connect(graded.course / "gradebook.db") as db:
        sources = "\n".join(row[0] for row in db.execute("select source from source_cell"))
    assert "NotImplementedError" in sources
    assert "powers / np.where" not in sources
    beside = graded.course / "only"
    beside.mkdir()
    shutil.copy(graded.course / "gradebook.db", beside)
    assert [] == leaks(beside, graded.suite, [*secret, graded.assignment.salt()])
    (beside / "leak.txt").write_text(right(SOFTMAX))
    assert leaks(beside, graded.suite, secret)
    shutil.rmtree(beside)


def test_a_stub_that_an_instructor_has_solved_is_not_handed_out(classroom: Classroom) -> None:
    path = classroom.course / "source" / "hw1" / "hw1.ipynb"
    before = path.read_text(encoding="utf-8")
    solved = json.loads(before)
    classroom.cell(solved, answer_id(SOFTMAX))["source"] = right(SOFTMAX)
    path.write_text(json.dumps(solved))
    done = classroom.generate(force=True)
    assert not done["success"]
    assert "is not the stub any more" in done["log"]
    classroom.release()
    assert before == path.read_text(encoding="utf-8")
    assert ["1.ipynb"] == [p.name for p in (classroom.course / "replaced" / "hw1").iterdir()]
    assert classroom.generate(force=True)["success"]


def test_settings_of_somebody_else_are_left_alone(classroom: Classroom, tmp_path: Path) -> None:
    from dojo.instructor.release import find_target, release

    settings = tmp_path / "nbgrader_config.py"
    settings.write_text("c = get_config()\n")
    with pytest.raises(ReleaseError, match="add these lines"):
        release(classroom.assignment, find_target("nbgrader"), tmp_path)
    assert "c = get_config()\n" == settings.read_text()


# --- grading --------------------------------------------------------------------------------------


def test_right_answers_get_all_points_and_a_naive_one_its_share(graded: Classroom) -> None:
    scores = graded.scores()
    assert (10.0, 10.0) == (scores["ada"], scores["zoe"])
    assert 0 < scores["ben"] < 5
    assert "This looks like" in graded.page("ben")
    assert 0.0 == scores["untouched"]
    assert "still the stub" in graded.page("untouched")


def test_what_is_printed_to_stderr_costs_nothing(graded: Classroom) -> None:
    assert (5.0, False) == graded.grade("loud")


def test_magics_are_left_out_and_said_where_it_matters(graded: Classroom) -> None:
    assert (5.0, False) == graded.grade("magic")
    assert (0.0, False) == graded.grade("x-c03")


def test_a_helper_in_another_cell_is_named(graded: Classroom) -> None:
    assert (0.0, False) == graded.grade("helped")
    assert "<code>helper</code> stands in another cell" in graded.page("helped")


def test_of_two_cells_with_one_name_the_last_is_graded_and_that_is_said(graded: Classroom) -> None:
    assert (5.0, False) == graded.grade("twice")
    assert "2 cells claim to be this answer" in graded.page("twice")


def test_missing_cells_come_back_and_earn_nothing(graded: Classroom) -> None:
    assert (0.0, False) == graded.grade("empty")
    assert "Not handed in" in graded.page("empty")
    ids = [c["metadata"]["nbgrader"]["grade_id"] for c in graded.graded("empty")["cells"]]
    assert [c["metadata"]["nbgrader"]["grade_id"] for c in graded.notebook["cells"]] == ids


def test_metadata_from_a_submission_counts_for_nothing(graded: Classroom) -> None:
    for student in ("oldschema", "flags", "strange"):
        assert 10.0 == graded.scores()[student], student
    assert (0.0, False) == graded.grade("claims")


def test_a_file_that_is_no_notebook_costs_its_author_only(graded: Classroom) -> None:
    assert (None, True) == graded.grade("garbage")
    assert 0.0 == graded.scores()["garbage"]


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_gains_nothing(graded: Classroom, name: str) -> None:
    score, flagged = graded.grade(f"x-{name}")
    honest_part = 5 / 7 if name == "c14" else 0.0
    assert score is not None and score <= honest_part
    # They `exec`, or import what no answer needs, which a person is told.
    assert not flagged or name in ("c05", "c12", "c19")


def test_cheats_leave_nothing_behind(graded: Classroom) -> None:
    home = graded.suite.root.parent / "home"
    assert not list(home.rglob("00x.py"))
    with sqlite3.connect(graded.course / "gradebook.db") as db:
        assert [] == db.execute("select * from grade where extra_credit > 0").fetchall()
    for name in ("c06", "c07"):
        assert "fetchall" not in graded.page(f"x-{name}")


def test_markup_in_a_submission_is_dead_where_an_instructor_reads_it(graded: Classroom) -> None:
    from nbconvert.filters.markdown import markdown2html

    notebook = graded.graded("script")
    assert {"code", "markdown"} == {cell["cell_type"] for cell in notebook["cells"]}
    assert "title" not in notebook["metadata"]
    pages = [
        markdown2html("".join(cell["source"]))
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown" and "alert" in "".join(cell["source"])
    ]
    assert 2 == len(pages)
    for page in pages:
        assert "<script" not in page and "<img" not in page and "href" not in page


def test_every_output_is_one_plain_number(graded: Classroom) -> None:
    for student in graded.scores():
        if student == "garbage":
            continue
        for kata in KATAS:
            (output,) = graded.cell(graded.graded(student), points_id(kata))["outputs"]
            value = float("".join(output["data"]["text/plain"]))
            assert math.isfinite(value) and 0 <= value <= 5


@pytest.mark.parametrize(
    ("earned", "expected"),
    [(2.5, 2.5), (math.nan, 0.0), (math.inf, 0.0), (-1.0, 0.0), (7.0, 5.0), (5.0, 5.0)],
)
def test_points_stay_within_their_bounds(earned: float, expected: float) -> None:
    mark = Mark(SOFTMAX, 5.0, earned, KataResult(kata=SOFTMAX, verdict=Verdict.WRONG))
    assert expected == preprocessor._earned(mark, 5.0)


def test_late_work_loses_what_the_rule_says(graded: Classroom) -> None:
    with graded.gradebook() as gradebook:
        ada, ben = (gradebook.find_submission_notebook("hw1", "hw1", s) for s in ("ada", "ben"))
        assert not ada.late_submission_penalty
        assert pytest.approx(0.2 * ben.score, abs=1e-5) == ben.late_submission_penalty


def test_the_exporter_writes_every_score(graded: Classroom, tmp_path: Path) -> None:
    from nbgrader.plugins import CsvExportPlugin

    exporter = CsvExportPlugin()
    exporter.to = str(tmp_path / "grades.csv")
    with graded.gradebook() as gradebook:
        exporter.export(gradebook)
    lines = (tmp_path / "grades.csv").read_text().splitlines()
    rows = {line.split(",")[3]: line.split(",") for line in lines[1:]}
    assert ["10.0", "0.0", "10.0", "10.0"] == rows["ada"][-4:]
    assert float(rows["ben"][-2]) == pytest.approx(0.8 * float(rows["ben"][-4]), abs=1e-5)


# --- giving back ----------------------------------------------------------------------------------


def test_feedback_says_what_is_wrong_and_hides_the_rest(graded: Classroom) -> None:
    graded.feedback("ben")
    page = (graded.course / "feedback" / "ben" / "hw1" / "hw1.html").read_text(encoding="utf-8")
    assert "stays finite for scores in the hundred thousands" in page
    assert "Subtract" in page or "overflow" in page
    for hidden in ("draw.", "kata.softmax", "shape=", "worst at", "Error: ", "secret"):
        assert hidden not in page, hidden
    assert "basics/softmax</a>" in page


def test_comments_and_manual_points_survive_grading_again(graded: Classroom) -> None:
    with graded.gradebook() as gradebook:
        grade = gradebook.find_grade(points_id(SOFTMAX), "hw1", "hw1", "ben")
        grade.manual_score = 4.5
        comment = gradebook.find_comment(answer_id(SOFTMAX), "hw1", "hw1", "ben")
        comment.manual_comment = "Well **begun**."
        gradebook.db.commit()
    assert graded.autograde("ben")["success"]
    assert graded.grade("ben")[1]  # a person has graded it, and is asked to look again
    assert 4.5 == graded.scores()["ben"]
    graded.feedback("ben")
    page = (graded.course / "feedback" / "ben" / "hw1" / "hw1.html").read_text(encoding="utf-8")
    assert "<strong>begun</strong>" in page
    assert "Score 4.5 of 5" in page


# --- when something breaks ------------------------------------------------------------------------


def test_an_engine_that_dies_once_is_replaced(
    graded: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade, calls = desk.grade_submission, []

    def dying(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise EngineError("the warm process has died")
        return grade(*arguments)

    monkeypatch.setattr(desk, "grade_submission", dying)
    assert graded.autograde("loud")["success"]
    assert 2 == len(calls)
    assert (5.0, False) == graded.grade("loud")


def test_an_engine_that_stays_dead_gives_no_points_to_anybody(
    graded: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*arguments: Any) -> Any:
        raise EngineError("the warm process has died")

    with monkeypatch.context() as patch:
        patch.setattr(desk, "grade_submission", dead)
        done = graded.autograde("zoe")
        assert not done["success"]
        assert "the warm process has died" in done["log"]
        assert (None, True) == graded.grade("zoe")
        assert 0.0 == graded.scores()["zoe"]
        assert not (graded.course / "autograded" / "zoe").exists() or not list(
            (graded.course / "autograded" / "zoe").rglob("*.ipynb")
        )
    assert graded.autograde("zoe", force=False)["success"]  # once it works again, nothing is lost
    assert (5.0, False) == graded.grade("zoe")


def test_a_cell_has_zero_points_before_anything_can_fail(graded: Classroom) -> None:
    class Stops(preprocessor.KataGrade):
        def _grade(self, nb: Any, where: Any) -> dict[str, Any]:
            raise KeyboardInterrupt

    notebook = nbformat.from_dict(graded.notebook)
    with pytest.raises(KeyboardInterrupt):
        Stops().preprocess(notebook, {"nbgrader": {}})
    outputs = [cell.outputs for cell in notebook.cells if "points" in cell.metadata.nbgrader]
    assert ["0.0", "0.0"] == [output[0].data["text/plain"] for output in outputs]


def test_what_the_machine_could_not_grade_is_marked_for_a_person(
    graded: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade = desk.grade_submission

    def doubtful(*arguments: Any) -> Any:
        from dataclasses import replace

        found = grade(*arguments)
        first, *rest = found.marks
        result = replace(first.result, doubts=(f"{FAILED}: RecursionError",))
        return replace(found, marks=(replace(first, result=result), *rest))

    monkeypatch.setattr(desk, "grade_submission", doubtful)
    done = graded.autograde("twice")
    assert done["success"]
    assert "a person should look" in done["log"]
    assert (5.0, True) == graded.grade("twice")
    assert (0.0, False) == graded.grade("twice", LINEAR)


def test_other_assignments_are_refused_and_never_executed(graded: Classroom) -> None:
    for tree in ("source", "submitted/ada"):
        folder = graded.course / tree / "quiz"
        shutil.copytree(graded.course / tree / "hw1", folder)
        (folder / "hw1.ipynb").rename(folder / "quiz.ipynb")
    done = told(graded.api().generate_assignment("quiz"))
    assert not done["success"]
    assert "was not released with `dojo release`" in done["log"]
    shutil.rmtree(graded.course / "source" / "quiz")
    shutil.rmtree(graded.course / "submitted" / "ada" / "quiz")


# --- the course goes on ---------------------------------------------------------------------------


def test_a_case_more_changes_the_grade_and_is_said(graded: Classroom) -> None:
    grader = graded.suite.root / "graders" / f"{SOFTMAX}.py"
    file = graded.suite.root / "assignments" / "hw1.toml"
    before, toml = grader.read_text(encoding="utf-8"), file.read_text()
    (softmax,) = Suite(graded.suite.root).find(SOFTMAX)
    titles = len({case.title for case in softmax.cases})
    lazy = right(SOFTMAX).replace("def softmax(", "softmax_calls = []\n\n\ndef softmax(", 1)
    lazy = lazy.replace(
        "    top = ", "    if x.shape == (2, 3, 4, 5):\n        return x\n    top = ", 1
    )
    graded.submit("lazy", graded.answered({SOFTMAX: lazy}))
    assert graded.autograde("lazy")["success"]
    assert (5.0, False) == graded.grade("lazy")
    more = (
        "\n\n@case(shape=(2, 3, 4, 5))\ndef four_axes(kata, draw, shape):\n"
        '    """takes four axes"""\n    return kata.softmax(draw.numpy.normal(*shape))\n'
    )
    try:
        grader.write_text(before + more, encoding="utf-8")
        assert graded.autograde("lazy")["success"]
        assert (5.0, False) == graded.grade("lazy")  # by the version that it was made from
        assert "is graded by it" in graded.page("lazy")
        file.write_text(toml.replace('older = "that version"', 'older = "say so"'))
        assert graded.autograde("lazy")["success"]
        assert pytest.approx(5 * titles / (titles + 1)) == graded.grade("lazy")[0]
        assert "takes four axes" in graded.page("lazy")
        assert "was made against version" in graded.page("lazy")
        graded.release()
        assert graded.generate(force=True)["success"]
        assert graded.autograde("lazy")["success"]
        assert pytest.approx(5 * titles / (titles + 1)) == graded.grade("lazy")[0]
    finally:
        grader.write_text(before, encoding="utf-8")
        file.write_text(toml)
        graded.release()


def test_a_course_can_be_moved(graded: Classroom, tmp_path: Path) -> None:
    home, moved = graded.course, tmp_path / "moved"
    shutil.copytree(
        home, moved, ignore=shutil.ignore_patterns("autograded", "feedback", "versions")
    )
    graded.course = moved
    try:
        assert graded.autograde("ada")["success"]
        assert "5.0" in json.dumps(graded.graded("ada"))
    finally:
        graded.course = home


def collect_downloads(graded: Classroom, archives: Mapping[str, bytes]) -> set[str]:
    """Run `nbgrader zip_collect hw1` on these archives; return whom it has collected from."""
    from nbgrader.apps import ZipCollectApp

    before = {path.name for path in (graded.course / "submitted").iterdir()}
    shutil.rmtree(graded.course / "downloaded", ignore_errors=True)
    folder = graded.course / "downloaded" / "hw1" / "archive"
    folder.mkdir(parents=True)
    for name, data in archives.items():
        (folder / name).write_bytes(data)
    app = ZipCollectApp()
    app.load_config_file = lambda *a, **k: None
    app.config = graded.api().config
    app.initialize(["hw1", "--log-level=ERROR"])
    app.start()
    return {path.name for path in (graded.course / "submitted").iterdir()} - before


def zipped(members: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, json.dumps(data) if isinstance(data, dict) else data)
    return out.getvalue()


def test_downloads_of_learning_platforms_are_collected(graded: Classroom) -> None:
    canvas = {"carlacurie_LATE_12_3456_hw1-2.ipynb": graded.right()}
    moodle = {
        "Dora Dirac_78_assignsubmission_file_/hw1.ipynb": graded.answered({SOFTMAX: NAIVE}),
        "readme.ipynb": "{}",
    }
    carla, dora = "carlacurie_12", "Dora Dirac_78"
    archives = {"canvas.zip": zipped(canvas), "moodle.zip": zipped(moodle)}
    assert {carla, dora} == collect_downloads(graded, archives)
    assert all(graded.autograde(student)["success"] for student in (carla, dora))
    assert (5.0, False) == graded.grade(carla)
    assert graded.scores()["ben"] != graded.scores()[dora] > 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "m/Eve E_123_assignsubmission_file/Alice A_999_assignsubmission_file_hw1.ipynb",
            "Eve E_123",
        ),
        ("m/Eve E_123_assignsubmission_file/alice_1_99_hw1.ipynb", "Eve E_123"),
        ("m/Eve E_123_assignsubmission_file_a_999_assignsubmission_file_hw1.ipynb", "Eve E_123"),
        ("m/Eve E_123_assignsubmission_file_1_99_hw1.ipynb", "Eve E_123"),
        ("c/eve_4_13_hw1/deep/alice_1_99_hw1.ipynb", "eve_4"),
        ("c/eve_4_13_x_999_assignsubmission_file_hw1.ipynb", "eve_4"),
        ("c/eve_4_13_hw1.ipynb", "eve_4"),
    ],
)
def test_name_that_the_platform_has_given_counts_before_the_students(
    path: str, expected: str
) -> None:
    found = preprocessor.KataNames().collect(path)

    assert found is not None
    assert expected == found["student_id"]


def test_upload_of_one_student_neither_ends_collecting_nor_passes_for_anothers(
    graded: Classroom,
) -> None:
    right, wrong = graded.right(), graded.answered({SOFTMAX: WRONG})
    slip = zipped({"../../hw1.ipynb": wrong, "hw1.ipynb": wrong, "alice_1_5_hw1.ipynb": wrong})
    endless = zipped({"again.zip": zipped({"more.zip": zipped({"hw1.ipynb": wrong})})})
    canvas = {
        "alice_1_10_hw1.ipynb": right,
        "bomb_2_11_big.zip": zipped({"hw1.ipynb": bytes(2**24 + 1)}),
        "dan_3_12_a.zip": b"no archive",
        "eve_4_13_hw1.zip": slip,
        "fay_5_14_hw1.ipynb": wrong,
        "fay_5_15_hw1-1.ipynb": right,
        "gil_6_16_a.gz": b"no archive",
        "hal_7_17_a.zip": endless,
    }
    forged = "Eve E_123_assignsubmission_file"
    moodle = {
        f"{forged}/Alice A_999_assignsubmission_file_hw1.ipynb": wrong,
        f"{forged}/alice_1_99_hw1.ipynb": wrong,
        f"{forged}/a/hw1.ipynb": wrong,
        f"{forged}/b/hw1.ipynb": wrong,
        f"{forged}_x_999_assignsubmission_file_hw1.ipynb": wrong,
        "Alice A_999_assignsubmission_file/hw1.ipynb": right,
    }

    found = collect_downloads(
        graded, {"canvas.zip": zipped(canvas), "m.zip": zipped(moodle), "broken.zip": b"PK"}
    )

    assert {"alice_1", "eve_4", "fay_5", "Eve E_123", "Alice A_999"} == found
    for student in ("alice_1", "fay_5", "Alice A_999"):
        text = (graded.course / "submitted" / student / "hw1" / "hw1.ipynb").read_text()
        assert right == json.loads(text)


def test_the_exchange_carries_a_notebook_out_and_in_and_the_feedback_back(
    graded: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, desktop = tmp_path / "exchange", tmp_path / "student"
    exchange.mkdir()
    desktop.mkdir()
    exchange.chmod(0o777)
    settings = {"Exchange__root": str(exchange), "CourseDirectory__course_id": "ml101"}
    api = graded.api(**settings)
    assert api.release_assignment("hw1")["success"]
    student = graded.api(**settings)
    student.coursedir.assignment_id = "hw1"
    with monkeypatch.context() as patch:
        patch.chdir(desktop)
        parts = {"coursedir": student.coursedir, "authenticator": student.authenticator}
        student.exchange.FetchAssignment(**parts, parent=student).start()
        (desktop / "hw1" / "hw1.ipynb").write_text(json.dumps(graded.right()))
        student.exchange.Submit(**parts, parent=student).start()
    assert api.collect("hw1")["success"]
    (name,) = {p.parent.parent.name for p in graded.course.rglob("submission_secret.txt")}
    assert graded.autograde(name)["success"]
    assert (5.0, False) == graded.grade(name)
    assert graded.feedback(name)["success"]
    done = told(api.release_feedback("hw1", name))
    assert done["success"], done
    assert list((exchange / "ml101" / "feedback").glob("*.html"))


# --- formgrader, in a browser ---------------------------------------------------------------------


@pytest.fixture
def formgrader(graded: Classroom, tmp_path: Path) -> Iterator[str]:
    """The address of a running formgrader of the course."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "IdentityProvider.token": "",
        "PasswordIdentityProvider.hashed_password": "",
        "allow_root": True,
    }
    settings = [
        f"--{name if '.' in name else f'ServerApp.{name}'}={value}"
        for name, value in options.items()
    ]
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", *settings]
    log = tmp_path / "server.log"
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=graded.course, stdout=out, stderr=out) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}/formgrader"
            end = time.monotonic() + 90
            while True:
                assert server.poll() is None and time.monotonic() < end, log.read_text()
                with suppress(OSError), urlopen(f"{address}/manage_assignments", timeout=30):
                    break
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()


def test_formgrader_grades_shows_and_takes_points(graded: Classroom, formgrader: str) -> None:
    with graded.gradebook() as gradebook:
        ids = {
            student: gradebook.find_submission_notebook("hw1", "hw1", student).id
            for student in ("loud", "script")
        }
    with browser() as page:
        rows = "[...document.querySelectorAll('tr')]"
        page.open(f"{formgrader}/manage_assignments", f"{rows}.some(r => /hw1/.test(r.innerText))")
        assert "2026-03-01" in page.text()

        row = f"{rows}.find(r => r.querySelector('td') && /\\bzoe\\b/.test(r.innerText))"
        button = f"{row}.querySelector('td.autograde a')"
        page.open(f"{formgrader}/manage_submissions/hw1", button)
        page.js(f"{button}.click()")
        page.wait("/Successfully autograded/.test(document.body.innerText)", 120)
        assert (5.0, False) == graded.grade("zoe")

        field = f"document.getElementById('{points_id(SOFTMAX)}')"
        page.open(f"{formgrader}/submissions/{ids['loud']}/", f"{field} && {field}.placeholder")
        assert "5" == page.js(f"{field}.placeholder")
        assert "keeps single precision" in page.text()
        page.js(
            f"{field}.value = '3.5'; {field}.dispatchEvent(new Event('change', {{bubbles: 1}}))"
        )
        page.wait("getComputedStyle(document.querySelector('.score-saved')).display != 'none'")
        end = time.monotonic() + 20
        while pytest.approx(3.5) != graded.scores()["loud"]:
            assert time.monotonic() < end, graded.scores()["loud"]
            time.sleep(0.2)

        spy = "window.alert = text => { window.heard = text }"
        page.call("Page.addScriptToEvaluateOnNewDocument", source=spy)
        page.open(f"{formgrader}/submissions/{ids['script']}/", f"{field} && {field}.placeholder")
        assert "<script>alert(1)</script>" in page.text()
        time.sleep(0.5)
        assert page.js("window.heard") is None
        assert 0 == page.js("[...document.links].filter(a => a.protocol == 'javascript:').length")
