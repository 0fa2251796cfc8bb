"""Assignments: their files, their secret, their versions."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from course import KATAS, make_course
from sample_suite import SOLUTION

import dojo
from dojo.instructor.assignment import Assignment, AssignmentError, LateRule, load
from dojo.instructor.assignment_file import read
from dojo.instructor.begin import begin
from dojo.instructor.checks import contents, kata_problems, problems
from dojo.instructor.secret import SecretError, create_secret
from dojo.instructor.versions import Stamp, keep, kept, read_stamp, stamp
from dojo.suite import Suite

GOOD = """\
title = "Homework"
due = 2026-03-01T23:59:00+01:00
[[katas]]
id = "softmax"
points = 5
"""


@pytest.fixture
def course(tmp_path: Path) -> Assignment:
    return make_course(tmp_path)


def rewritten(assignment: Assignment, text: str) -> Assignment:
    assignment.path.write_text(text, encoding="utf-8")
    return load(Suite(assignment.suite.root), assignment.name)


def edited(assignment: Assignment, old: str, new: str) -> Assignment:
    text = assignment.path.read_text(encoding="utf-8")
    assert old in text
    return rewritten(assignment, text.replace(old, new, 1))


# --- a new one ------------------------------------------------------------------------------------


def test_a_new_assignment_is_valid_and_has_every_kata_that_was_named(course: Assignment) -> None:
    assert KATAS == tuple(part.kata for part in course.parts)
    assert ("Homework one", 15.0, None) == (course.title, course.points, course.due)
    assert [] == problems(course.suite, "hw1")[1]


def test_names_are_forgiving_and_a_topic_means_all_of_it(course: Assignment) -> None:
    begun = begin(course.suite, "hw2", ["UCB1, katas/basics/softmax.py", "recurrent/"])

    assert ("bandits/ucb1", "basics/softmax", "recurrent/lstm_cell") == begun.katas
    assert begun.katas == tuple(part.kata for part in load(course.suite, "hw2").parts)


def test_every_choice_of_the_template_can_be_taken_up(course: Assignment) -> None:
    text = course.path.read_text(encoding="utf-8")
    for choice in ("due = ", "days = "):
        assert f"# {choice}" in text
        text = text.replace(f"# {choice}", choice)

    found = rewritten(course, text)

    assert found.due is not None and found.due.utcoffset() is not None
    assert 5.0 == found.late.days


def test_everything_wrong_with_a_new_one_is_said_at_once(course: Assignment) -> None:
    before = course.path.read_text(encoding="utf-8")

    with pytest.raises(AssignmentError) as error:
        begin(course.suite, "hw1", ["sofmax", "ucb2"], points=-1)

    for words in ("exists already", "mean basics/softmax", "mean bandits/ucb1", "above zero"):
        assert words in str(error.value)
    assert before == course.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../hw", "a b", "", "-x"])
def test_what_cannot_be_a_files_name_is_no_assignments_name(course: Assignment, name: str) -> None:
    with pytest.raises(AssignmentError, match="is no name"):
        begin(course.suite, name, ["softmax"])


def test_title_may_hold_any_character(course: Assignment) -> None:
    title = 'Attention: "softmax"\\n und Größen, 注意力'
    begin(course.suite, "hw2", ["softmax"], title=title)

    assert title == load(course.suite, "hw2").title


# --- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('title = "Homework"', 'titel = "Homework"', 1, "did you mean title?"),
        ('title = "Homework"', "title = 3", 1, "one line in quotes"),
        ("T23:59:00+01:00", "T23:59:00", 2, "add the time zone: 2026-03-01T23:59:00+01:00"),
        ("T23:59:00+01:00", "", 2, "add time and time zone"),
        ("2026-03-01T23:59:00+01:00", '"2026-03-01"', 2, "without quotes"),
        ('"softmax"', '"sofmax"', 4, "did you mean basics/softmax?"),
        ('"softmax"', "7", 4, "name a kata"),
        ("points = 5", "points = 0", 5, "above zero"),
        ("points = 5", "points = -2.5", 5, "above zero"),
        ("points = 5", "points = nan", 5, "above zero"),
        ("points = 5", 'points = "5"', 5, "above zero"),
        ("points = 5", "points = true", 5, "above zero"),
        ("points = 5", 'points = 5\nshown = ["no such"]', 6, "has no case 'no such'"),
        ("points = 5", 'points = 5\nshown = "all"', 6, "list titles or ids"),
        ("points = 5", "points = 5\nweight = 2", 6, "not known: there is id, points and shown"),
        ("points = 5", 'points = 5\n[[katas]]\nid = "softmax"\npoints = 1', 7, "is there already"),
        ("[[katas]]", 'language = "fr"\n[[katas]]', 3, 'write "en" or "zh"'),
        ("[[katas]]", 'older = "no"\n[[katas]]', 3, 'write "that version" or "say so"'),
        ("[[katas]]", 'per_student = "yes"\n[[katas]]', 3, "true or false"),
        ("[[katas]]", "[late]\nlost_per_day = 10\n[[katas]]", 4, "from 0 to 1"),
        (
            "[[katas]]",
            "[late]\nper_day = 0.1\n[[katas]]",
            4,
            "not known: did you mean lost_per_day",
        ),
        ("[[katas]]", "late = 3\n[[katas]]", 3, "write a table"),
        ("[[katas]]", "[katas]", 3, "write a table for each kata"),
        ('title = "Homework"', "title = ", 1, "this is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_to_do(
    course: Assignment, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    rewritten(course, GOOD)
    with pytest.raises(AssignmentError) as error:
        rewritten(course, GOOD.replace(old, new))

    (found,) = [problem for problem in error.value.problems if words in problem.message]
    assert line == found.line
    assert str(found) in str(error.value)


def test_everything_wrong_with_a_file_is_said_at_once(course: Assignment) -> None:
    course.path.write_text('due = 2026-03-01\nx = 1\n[[katas]]\nid = "ucb"\n', encoding="utf-8")

    assignment, found = read(course.suite, course.path)

    assert assignment is None
    assert {"title", "due", "x", "katas[1].id", "katas[1].points"} == {p.key for p in found}


def test_a_misspelt_assignment_suggests(course: Assignment) -> None:
    with pytest.raises(AssignmentError, match="there is hw1"):
        load(course.suite, "hw11")


def test_an_assignment_is_found_by_name_and_by_path(
    course: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "assignments")
    for name in ("hw1", "hw1.toml", "assignments/hw1", str(course.path)):
        assert course.path == load(course.suite, name).path


@pytest.mark.parametrize(
    ("rule", "seconds", "kept"),
    [
        (LateRule(), 10**9, 1.0),
        (LateRule(lost_per_day=0.1), 0, 1.0),
        (LateRule(lost_per_day=0.1), -5, 1.0),
        (LateRule(lost_per_day=0.1), 1, 0.9),
        (LateRule(lost_per_day=0.1), 86_400, 0.9),
        (LateRule(lost_per_day=0.1), 86_401, 0.8),
        (LateRule(lost_per_day=0.1), 86_400 * 30, 0.0),
        (LateRule(15, 0.25), 15 * 60, 1.0),
        (LateRule(15, 0.25), 15 * 60 + 1, 0.75),
        (LateRule(0, 0.1, 2), 2 * 86_400, 0.8),
        (LateRule(0, 0.1, 2), 2 * 86_400 + 1, 0.0),
        (LateRule(0, 0.0, 0), 1, 0.0),
    ],
)
def test_late_rule_keeps_a_share(rule: LateRule, seconds: float, kept: float) -> None:
    assert kept == rule.keeps(seconds)


# --- the secret -----------------------------------------------------------------------------------


def test_secret_is_made_once_for_its_owner_alone(course: Assignment) -> None:
    before = course.secret.read_bytes()

    assert not create_secret(course.secret)
    assert not begin(course.suite, "hw2", ["softmax"]).secret_is_new
    assert before == course.secret.read_bytes()
    assert 0o600 == stat.S_IMODE(course.secret.stat().st_mode)
    assert 0o700 == stat.S_IMODE(course.course.stat().st_mode)


def test_git_leaves_the_secret_out(course: Assignment, tmp_path: Path) -> None:
    def git(*command: str) -> str:
        done = subprocess.run(
            ["git", "-C", tmp_path, *command], capture_output=True, text=True, check=True
        )
        return done.stdout

    git("init", "--quiet")
    git("add", "--all")

    assert "assignments/hw1.toml" in git("ls-files")
    assert "course" not in git("ls-files")
    assert [] == problems(course.suite, "hw1")[1]
    git("add", "--force", "course/secret")
    (problem,) = problems(course.suite, "hw1")[1]
    assert "git tracks" in problem.message


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.write_text("secret"), "too short"),
        (lambda path: path.write_bytes(b"\xff" * 40), "cannot be read"),
    ],
)
def test_secret_that_cannot_be_used_is_said(course: Assignment, spoil: Any, words: str) -> None:
    spoil(course.secret)

    (problem,) = problems(course.suite, "hw1")[1]
    assert words in problem.message
    with pytest.raises(SecretError, match=words):
        load(course.suite, "hw1").salt()


def test_salts_are_the_same_again_and_differ_in_all_that_should(
    course: Assignment, tmp_path: Path
) -> None:
    begin(course.suite, "hw2", ["softmax"])
    other = make_course(tmp_path / "other")
    own = replace(course, per_student=True)
    salts = [course.salt(), load(course.suite, "hw2").salt(), other.salt()]
    salts += [own.salt("ada"), own.salt("bob")]

    assert len(salts) == len(set(salts))
    assert salts[0] == load(course.suite, "hw1").salt() == course.salt("ada") == own.salt()
    assert all(len(salt) == 64 for salt in salts)


def test_an_assignments_key_gives_its_salts_and_no_other(course: Assignment) -> None:
    path = course.course / "key"
    path.write_text(course.key())
    path.chmod(0o600)
    own = replace(course, per_student=True)
    keyed = replace(own, secret=path)

    assert (own.salt(), own.salt("ada")) == (keyed.salt(), keyed.salt("ada"))
    assert course.secret_text() not in course.key()
    with pytest.raises(SecretError, match="another assignment"):
        replace(keyed, name="hw2").salt()


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tree", ["solutions", "graders"])
def test_version_follows_what_is_graded(course: Assignment, tree: str) -> None:
    before = course.version
    path = course.suite.root / tree / "basics" / "softmax.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}# more\n", encoding="utf-8")

    assert before != load(course.suite, "hw1").version


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("points = 5", "points = 6", True),
        ('scoring = "titles"', 'scoring = "all or nothing"', True),
        ("# due =", "due =", False),
        ('title = "Homework one"', 'title = "Another"', False),
        ("shown = []", 'shown = ["takes integers of any width and gives float64"]', False),
    ],
)
def test_version_follows_points_and_not_what_is_said(
    course: Assignment, old: str, new: str, changes: bool
) -> None:
    before = course.version

    assert changes == (before != edited(course, old, new).version)


def test_version_follows_the_engine(course: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    before = course.version
    monkeypatch.setattr(dojo, "__version__", "9.9.9")

    assert before != load(course.suite, "hw1").version


def test_older_version_is_graded_by_what_it_was(course: Assignment) -> None:
    keep(course)
    grader = course.entry("basics/softmax").grader
    was = grader.read_bytes()
    grader.write_bytes(was + b"# changed\n")
    now = edited(course, "points = 5", "points = 7")

    then = now.at(course.version)

    assert course.version == then.version != now.version
    assert (5.0, 7.0) == (then.parts[0].points, now.parts[0].points)
    assert was == then.entry("basics/softmax").grader.read_bytes()
    assert now.salt() == then.salt()
    assert now.at(now.version) is now
    assert (course.version,) == kept(now)


@pytest.mark.parametrize(
    ("older", "by_then", "words"),
    [("that version", True, "is graded by it"), ("say so", False, "is graded by")],
)
def test_work_on_an_older_version_counts_as_the_file_says(
    course: Assignment, older: str, by_then: bool, words: str
) -> None:
    keep(course)
    now = edited(course, "points = 5", "points = 7")
    now = edited(now, 'older = "that version"', f'older = "{older}"')

    chosen = now.chosen(course.version)

    assert (course.version if by_then else now.version) == chosen.assignment.version
    assert words in chosen.note
    assert ("", now) == (now.chosen(now.version).note, now.chosen(now.version).assignment)


@pytest.mark.parametrize("claimed", [None, "0123456789", "<script>", "../../../x", "f" * 500])
def test_a_version_that_was_never_released_is_graded_by_the_newest(
    course: Assignment, claimed: str | None
) -> None:
    keep(course)
    now = edited(course, "points = 5", "points = 7")

    chosen = now.chosen(claimed)

    assert chosen.assignment is now
    assert "<" not in chosen.note and len(chosen.note) < 120


def test_what_is_kept_of_a_version_cannot_be_changed_unnoticed(course: Assignment) -> None:
    folder = keep(course)
    now = edited(course, "points = 5", "points = 7")
    path = folder / "solutions" / "basics" / "softmax.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}# more\n", encoding="utf-8")

    with pytest.raises(AssignmentError, match="has been changed"):
        now.at(course.version)


def test_keeping_a_version_twice_changes_nothing_and_leaves_nothing(course: Assignment) -> None:
    folder = keep(course)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    assert folder == keep(course)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert [folder] == list(folder.parent.iterdir())


def test_a_stamp_is_read_back_from_what_students_make_of_the_file(course: Assignment) -> None:
    line = stamp(course, "basics/softmax")
    expected = Stamp("hw1", course.version, "basics/softmax")

    for text in (line, f"# mine\n\n{line}\r\nimport numpy", f"#!/usr/bin/python\n{line}"):
        assert expected == read_stamp(text)
    for text in ("", "# dojo: hw1", line.replace(course.version, "../../etc"), f"x = 1 {line}"):
        assert read_stamp(text) is None


# --- check ----------------------------------------------------------------------------------------


def test_contents_say_what_a_release_holds(course: Assignment) -> None:
    due = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    text = "\n".join(contents(replace(course, due=due, late=LateRule(15, 0.1, 5))))

    for words in (course.version, "15 points", "ucb1.py: 5 points", "2026-03-01 23:59 UTC"):
        assert words in text
    assert "loses 10 %" in text and "after 5 days" in text and "up to 15 minutes" in text


def test_kata_that_cannot_be_read_is_found(course: Assignment) -> None:
    path = course.entry("bandits/ucb1").solution
    path.write_text("def broken(:\n", encoding="utf-8")

    (problem,) = problems(Suite(course.suite.root), "hw1")[1]
    assert "bandits/ucb1" == problem.key
    assert "nox -s audit -- bandits/ucb1" in problem.message


def sample(make_suite: Any, solution: str) -> Assignment:
    suite = make_suite(solution)
    begin(suite, "hw1", ["scaled_sum"])
    return load(suite, "hw1")


def test_kata_that_works_has_no_problem(make_suite: Any, engine: Any) -> None:
    assignment = sample(make_suite, SOLUTION)

    assert [] == kata_problems(assignment, assignment.entries[0], engine)


def test_kata_that_fails_with_the_courses_inputs_is_found(make_suite: Any, engine: Any) -> None:
    broken = SOLUTION.replace("    total = x + y\n", "    total = x + y + missing\n")
    assignment = sample(make_suite, broken)

    (problem,) = kata_problems(assignment, assignment.entries[0], engine)
    assert "it fails with this course's inputs" in problem.message


def test_mistake_that_passes_with_the_courses_inputs_is_found(make_suite: Any, engine: Any) -> None:
    harmless = "    # ✗ return scale * total — This is no mistake at all: leave it.\n"
    assignment = sample(make_suite, f"{SOLUTION.rstrip()}\n{harmless}")

    (problem,) = kata_problems(assignment, assignment.entries[0], engine)
    assert "return scale * total" in problem.message


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
def test_command_says_everything_and_what_a_release_would_hold(
    course: Assignment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from dojo.cli import app

    monkeypatch.setenv("DOJO_ROOT", str(course.suite.root))
    fine = CliRunner().invoke(app, ["assignment", "check", "hw1", "--quick"])
    course.secret.chmod(0o644)
    text = course.path.read_text(encoding="utf-8").replace("points = 5", "points = 0", 1)
    course.path.write_text(text, encoding="utf-8")
    wrong = CliRunner().invoke(app, ["assignment", "check", "hw1", "--quick"])

    assert (0, 1) == (fine.exit_code, wrong.exit_code)
    assert "all is well" in fine.output and "softmax.py: 5 points" in fine.output
    assert "chmod 600" in wrong.output and "above zero" in wrong.output
