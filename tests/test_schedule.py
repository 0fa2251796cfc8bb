"""What was solved comes back in time, what is new follows needs, and earlier answers are kept."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo import schema
from dojo.mistakes import reference
from dojo.practice.history import begin_again
from dojo.practice.schedule import catch_up, coming, due, due_line, rated, upcoming
from dojo.progress import Failed, Progress, Sitting
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import is_pristine, progress, record_of

RIGHT = reference(SOLUTION)
ID, CORE, HARD = "basics/scaled_sum", "basics/z_core", "losses/a_hard"
NOW = datetime.now(UTC)


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    make_suite()
    make_suite(
        id=CORE,
        grader=GRADER.replace('level="warmup",', f'level="core",\n    needs=("{ID}",),'),
    )
    return make_suite(id=HARD, grader=GRADER.replace('"warmup"', '"hard"'))


@pytest.fixture
def record(suite: Suite) -> Progress:
    return progress(suite.root)


def solve(suite: Suite, record: Progress, id: str, how: str = "watch", hints: int = 0) -> None:
    record.begin(id, how)
    for _ in range(hints):
        record.saw_hint(id)
    record.record(id, Verdict.PASSED, 4, 4, 0.1, f"digest {time.time_ns()}", answer=b"x = 1\n")
    catch_up(suite, record)


def change(record: Progress, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(record.path)) as db, db:
        db.execute(statement, values)


def sitting(**values: object) -> Sitting:
    usual: dict[str, object] = {
        "id": 1,
        "kata": ID,
        "how": "watch",
        "interview": None,
        "begun": 0.0,
        "spent": 480.0,
        "hints": 0,
        "explained": False,
        "passed_at": 1.0,
        "rating": None,
    }
    return Sitting(**{**usual, **values})  # type: ignore[arg-type]


# --- ratings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how_it_went", "wrong", "rating"),
    [
        ({"spent": 300.0}, 0, 4),  # half the minutes, at once
        ({"spent": 300.0}, 2, 3),
        ({"spent": 300.0, "how": "grade"}, 0, 3),  # nobody saw when it was begun
        ({}, 0, 3),
        ({"hints": 1, "spent": 300.0}, 0, 3),
        ({"hints": 2}, 0, 2),
        ({"spent": 1000.0}, 0, 2),
        ({}, 6, 2),
        ({"hints": 3, "spent": 600.0}, 0, 2),
        ({"hints": 3, "spent": 1300.0}, 0, 1),
        ({"explained": True, "spent": 60.0}, 0, 1),
    ],
)
def test_rating_follows_hints_tries_and_time(
    how_it_went: dict[str, object], wrong: int, rating: int
) -> None:
    assert rating == rated(sitting(**how_it_went), wrong, minutes=10, hints=3)


def test_better_rating_comes_back_later(suite: Suite, record: Progress) -> None:
    days = {}
    for hints in (0, 2):
        record.path.unlink(missing_ok=True)
        solve(suite, record, ID, hints=hints)
        days[hints] = upcoming(suite, record)[0].at - NOW

    assert timedelta(hours=20) < days[2] < days[0]


def test_pass_is_rated_once_whatever_happens_in_between(suite: Suite, record: Progress) -> None:
    record.record(ID, Verdict.PASSED, 4, 4, 0.1, "a")  # killed before it was rated
    (left,) = record.unrated()

    for _ in range(2):
        catch_up(suite, record)

    assert [] == record.unrated()
    assert 3 == record.sittings(ID)[0].rating
    assert not record.rate(left, lambda state: (1, "{}"))
    assert "{}" != record.cards()[ID]


def test_hints_and_time_after_the_pass_do_not_count(suite: Suite, record: Progress) -> None:
    record.begin(ID, "watch")
    record.record(ID, Verdict.PASSED, 4, 4, 0.1, "a")
    for _ in range(3):
        record.saw_hint(ID)
    record.saw_solution(ID)

    catch_up(suite, record)

    assert 4 == record.sittings(ID)[0].rating


# --- due ------------------------------------------------------------------------------------------


def test_kata_is_due_from_its_day_on(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID)
    (item,) = upcoming(suite, record)

    assert [] == due(suite, record, item.at - timedelta(days=1))
    assert [ID] == [d.entry.id for d in due(suite, record, item.at)]
    assert [ID] == [d.entry.id for d in due(suite, record, item.at + timedelta(days=30))]
    assert f"scaled_sum comes back on {item.day}" in due_line(suite, record)
    assert "Due today: scaled_sum" in due_line(suite, record, item.at)


def test_clock_that_went_back_asks_now_and_heals(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID)
    later = (NOW + timedelta(days=4000)).timestamp()
    change(record, "UPDATE sitting SET passed_at = ?, rating = NULL", later)
    change(record, "DELETE FROM card")
    catch_up(suite, record)

    (item,) = due(suite, record)
    assert None is item.last
    record.begin(ID, "again")
    solve(suite, record, ID)

    assert [] == due(suite, record)
    assert NOW < upcoming(suite, record)[0].at < NOW + timedelta(days=121)


def test_time_spent_does_not_run_backwards(
    suite: Suite, record: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.begin(ID, "watch")
    change(record, "UPDATE sitting SET boot = 'other', last_at = last_at + 1000000")
    record.saw_hint(ID)
    assert 0 == record.sittings(ID)[0].spent

    change(record, "UPDATE sitting SET last_at = last_at + 1000000, last_tick = last_tick - 60")
    record.saw_hint(ID)
    assert 60 <= record.sittings(ID)[0].spent < 70

    change(record, "UPDATE sitting SET last_tick = last_tick - 50000")
    record.saw_hint(ID)
    assert record.sittings(ID)[0].spent < 80  # a night is no work


def test_card_that_was_spoilt_begins_anew(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID)
    change(record, "UPDATE card SET state = 'spoilt'")
    assert [] == upcoming(suite, record)

    record.begin(ID, "again")
    solve(suite, record, ID)

    assert [ID] == [item.entry.id for item in upcoming(suite, record)]


# --- next -----------------------------------------------------------------------------------------


def now_comes(suite: Suite, record: Progress) -> tuple[str, str] | None:
    step = coming(suite, record, now=NOW)
    return (step.entry.id, step.why) if step else None


def test_new_katas_follow_needs_and_level(suite: Suite, record: Progress) -> None:
    seen = []
    while found := now_comes(suite, record):
        seen.append(found)
        solve(suite, record, found[0])

    assert [(ID, "new"), (CORE, "new"), (HARD, "new")] == seen


def test_unfinished_comes_before_due_before_new(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID)
    item = upcoming(suite, record)[0]
    step = coming(suite, record, now=item.at)
    assert step is not None and (ID, "due") == (step.entry.id, step.why)

    record.record(HARD, Verdict.WRONG, 1, 4, 0.1, "a")

    assert (HARD, "unfinished") == now_comes(suite, record)
    step = coming(suite, record, now=item.at + timedelta(days=2))
    assert step is not None and (ID, "due") == (step.entry.id, step.why)
    step = coming(suite, record, without=[ID], now=item.at + timedelta(days=2))
    assert step is not None and (HARD, "unfinished") == (step.entry.id, step.why)


def test_kata_whose_needs_are_open_comes_last_and_not_never(suite: Suite, record: Progress) -> None:
    core = [entry for entry in suite.entries if entry.id == CORE]

    step = coming(suite, record, among=core)

    assert step is not None and CORE == step.entry.id


def test_broken_grader_hides_no_other_kata(suite: Suite, record: Progress) -> None:
    suite.find(ID)[0].grader.write_text("nonsense")
    broken = Suite(suite.root)

    step = coming(broken, record)

    assert step is not None and step.entry.id in (CORE, HARD)


# --- again, history -------------------------------------------------------------------------------


def test_beginning_again_keeps_the_answer_and_starts_a_sitting(
    suite: Suite, record: Progress
) -> None:
    entry = suite.find(ID)[0]
    entry.stub.write_text(RIGHT)
    solve(suite, record, ID, hints=2)

    backup = begin_again(suite, entry)

    assert is_pristine(entry)
    assert backup is not None and RIGHT == backup.read_text()
    assert 0 == record.hints_seen(ID)
    assert {ID} == record.solved()
    record.record(ID, Verdict.PASSED, 4, 4, 0.1, "same")
    record.begin(ID, "again")
    assert record.record(ID, Verdict.PASSED, 4, 4, 0.1, "same")
    assert 3 == len(record.sittings(ID))


@pytest.fixture
def dojo(suite: Suite) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "dojo", *arguments],
            cwd=suite.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        assert "Traceback" not in done.stderr
        return done

    return run


def test_history_lists_shows_and_compares(suite: Suite, record: Progress, dojo) -> None:
    failed = Failed(
        case_id="a", title="t", verdict=Verdict.WRONG, summary="off", why="Too \x1b[2J!"
    )
    for number, answer in enumerate((b"x = 1\ny = 2\n", b"x = 1\ny = 3\n")):
        record.record(ID, Verdict.WRONG, 1, 4, 0.1, str(number), failures=[failed], answer=answer)

    listed = dojo("history", "scaled_sum").stdout
    assert ["1", "2"] == [line.split()[0] for line in listed.splitlines()[1:3]]
    assert "\x1b" not in listed
    assert "x = 1\ny = 3\n" == dojo("history", "scaled_sum", "--show", "2").stdout
    changed = dojo("history", "scaled_sum", "--diff", "1", "2").stdout
    assert "-y = 2\n+y = 3\n" in changed
    missing = dojo("history", "scaled_sum", "--show", "3")
    assert (2, "") == (missing.returncode, missing.stdout)
    assert "there are 1 to 2" in missing.stderr


def test_commands_say_what_is_next_and_due(suite: Suite, record: Progress, dojo) -> None:
    assert "begin   dojo watch scaled_sum" in dojo("next").stdout
    assert "Nothing is due" in dojo("due").stdout
    suite.find(ID)[0].stub.write_text(RIGHT)
    solve(suite, record, ID)
    change(record, "UPDATE sitting SET passed_at = passed_at - 864000, rating = NULL")
    change(record, "DELETE FROM card")

    assert ID in dojo("due").stdout
    found = dojo("next", "--start").stdout
    assert "last solved" in found and f"katas/{ID}.py is a fresh stub" in found
    assert is_pristine(suite.find(ID)[0])
    assert "not solved yet" in dojo("next").stdout
    assert HARD in dojo("next", "--level", "hard").stdout
    assert 2 == dojo("next", "--topic", "nothing").returncode


def test_damaged_record_is_told_once_and_kept(suite: Suite, record: Progress, dojo) -> None:
    record.path.parent.mkdir(exist_ok=True)
    record.path.write_bytes(b"Somebody opened it in an editor. " * 99)

    told, after = dojo("next"), dojo("next")

    assert (2, 0) == (told.returncode, after.returncode)
    assert "is damaged. It is kept as" in told.stderr
    assert 1 == len(list(record.path.parent.glob("*.damaged-*")))


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write")
def test_read_only_checkout_can_still_be_asked(suite: Suite, dojo) -> None:
    (suite.root / ".dojo").mkdir(exist_ok=True)
    (suite.root / ".dojo").chmod(0o500)

    assert 0 == dojo("next").returncode
    (suite.root / ".dojo").chmod(0o700)


def test_record_that_nobody_may_write_is_read(
    suite: Suite, record: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a read-only checkout; the tests may run as root, whom no mode stops."""
    record.record(ID, Verdict.PASSED, 4, 4, 0.1, "a")
    read_only = f"file:{record.path}?mode=ro"
    monkeypatch.setattr(
        Progress, "_connect", lambda self: sqlite3.connect(read_only, uri=True, timeout=1)
    )

    catch_up(suite, record)

    assert {ID} == record.solved()
    assert (CORE, "new") == now_comes(suite, record)
    assert begin_again(suite, suite.find(ID)[0]) is None


# --- the record -----------------------------------------------------------------------------------


def test_renamed_kata_keeps_what_was_done(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID, hints=1)
    root = suite.root
    for tree in ("solutions", "graders", "katas"):
        (root / tree / f"{ID}.py").rename(root / tree / "basics/sum_scaled.py")
    grader = root / "graders/basics/sum_scaled.py"
    grader.write_text(grader.read_text().replace("minutes=5,", f'minutes=5, was=("{ID}",),'))
    renamed = Suite(root)

    assert "basics/sum_scaled" == renamed.find(ID)[0].id == renamed.find("scaled_sum.py")[0].id
    found = record_of(renamed)
    assert {"basics/sum_scaled"} == found.solved()
    assert ["basics/sum_scaled"] == [item.entry.id for item in upcoming(renamed, found)]
    assert 1 == found.hints_seen("basics/sum_scaled")
    assert {"basics/sum_scaled"} == record_of(renamed).solved()


def test_id_that_is_in_use_is_nobodys_former_one(suite: Suite, record: Progress) -> None:
    solve(suite, record, ID)
    grader = suite.find(CORE)[0].grader
    grader.write_text(grader.read_text().replace("minutes=5,", f'minutes=5, was=("{ID}",),'))

    assert {ID} == record_of(Suite(suite.root)).solved()


def test_record_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    record = Progress(tmp_path / "progress.sqlite")
    with closing(sqlite3.connect(record.path)) as db, db:
        for statement in schema._FIRST:
            db.execute(statement)
        db.execute("CREATE TABLE hint (kata TEXT PRIMARY KEY, seen INTEGER NOT NULL)")
        db.executemany(
            "INSERT INTO attempt (kata, verdict, passed, total, seconds, digest, at)"
            " VALUES (?, ?, 1, 4, 0.5, 'd', ?)",
            [(ID, "wrong", 100.0), (ID, "passed", 200.0), (CORE, "wrong", 300.0)],
        )
        db.executemany("INSERT INTO hint VALUES (?, ?)", [(ID, 2), (HARD, 1)])
        db.execute("PRAGMA user_version = 1")
    before = record.path.read_bytes()

    assert {ID} == record.solved()
    assert (2, 0, 1) == tuple(map(record.hints_seen, (ID, CORE, HARD)))
    assert before == record.path.read_bytes()  # looking changes nothing

    record.saw_hint(CORE)

    assert [200.0, None, None] == [found.passed_at for found in record.sittings()]
    assert [ID] == [found.kata for found in record.unrated()]
    assert 3 == len(record.attempts())
    assert (2, 1, 1) == tuple(map(record.hints_seen, (ID, CORE, HARD)))


def test_answers_are_kept_once_and_details_of_the_first_failure_alone(tmp_path: Path) -> None:
    record = Progress(tmp_path / "progress.sqlite")
    failures = [
        Failed(
            case_id=case,
            title="t",
            verdict=Verdict.WRONG,
            summary="off",
            why="It is off.",
            details=("expected 1, got 2",),
        )
        for case in ("first", "second")
    ]
    for kata in (ID, CORE):
        record.record(kata, Verdict.WRONG, 1, 4, 0.1, "d", failures=failures, answer=b"x" * 9999)

    assert [(2,)] == record.query("SELECT count(*) FROM attempt")
    assert [(1,)] == record.query("SELECT count(*) FROM answer")
    assert b"x" * 9999 == record.answer("d")
    found = record.failures(record.attempts(CORE)[0].id)
    assert [("expected 1, got 2",), ()] == [failed.details for failed in found]
    whys = "SELECT why, count(DISTINCT attempt) FROM failure WHERE why != '' GROUP BY why"
    assert [("It is off.", 2)] == record.query(whys)
    assert json.loads('["expected 1, got 2"]') == list(found[0].details)
