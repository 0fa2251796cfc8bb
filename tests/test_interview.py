"""A mock round fits its time, survives every interruption, and ends with a report on one page."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import in_terminal
from rich.console import Console
from rich.text import Text
from sample_suite import GRADER, SOLUTION, Make
from test_watch import Borrowed

from dojo.engine import Engine
from dojo.mistakes import find_mistakes, reference
from dojo.practice.desk import Crashed, Desk, Graded, Kept, fingerprint
from dojo.practice.interview import (
    AlreadyOpen,
    InterviewScreen,
    alone,
    finish,
    open_round,
    unfinished,
)
from dojo.practice.round import NothingFits, plan, questions
from dojo.practice.round_report import show_report
from dojo.practice.saves import Saved
from dojo.practice.schedule import catch_up, coming
from dojo.practice.terminal import Key
from dojo.practice.watch import Tick
from dojo.progress import Interview, Progress, ProgressError
from dojo.suite import Suite
from dojo.workspace import is_pristine, progress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

RIGHT = reference(SOLUTION)
MINUS = find_mistakes(SOLUTION)[1]
ID, SECOND = "basics/scaled_sum", "losses/second"
CORE = GRADER.replace('"warmup"', '"core"').replace("minutes=5", "minutes=20")
ROOT = Path(__file__).parent.parent


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    make_suite(
        grader=GRADER.replace(
            'follow_ups={"What does it cost?": "One pass."}',
            'follow_ups={"What does it cost?": "One pass.", "In place?": "Yes.", "Why?": "So."}',
        )
    )
    return make_suite(id=SECOND, grader=CORE)


class Room:
    """An interview without a terminal, with a clock that is set by hand."""

    def __init__(self, suite: Suite, interview: Interview | None = None) -> None:
        self.suite, self.record = suite, progress(suite.root)
        self.interview = interview or open_round(suite, self.record, "en", minutes=30, seed=7)
        self.news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.desk = Desk(suite, self.record, self.news.put)
        self.now = 1000.0
        self.screen = InterviewScreen(
            suite, self.record, self.desk, self.interview, "en", now=lambda: self.now
        )

    def again(self) -> Room:
        """Come back after an interruption of any kind: with nothing but what is on record."""
        return Room(self.suite, unfinished(self.record))

    @property
    def path(self) -> Path:
        parts = self.interview.settings["parts"]
        return self.suite.root / str(parts[self.screen.state.index]["file"])

    def write(self, source: str) -> str:
        path = self.path
        beside = path.with_suffix(".new")  # whoever is reading the file now sees it whole
        beside.write_text(source, encoding="utf-8")
        beside.replace(path)
        self.screen.handle(Saved(frozenset([path.resolve()])))
        heard = False  # of this text: coming back, what the file held before is graded as well
        while True:
            event = self.news.get(timeout=60)
            assert not isinstance(event, Crashed), event
            self.screen.handle(event)
            heard |= isinstance(event, Graded) and event.digest == fingerprint(source.encode())
            if isinstance(event, Kept) and heard:
                while not self.news.empty():
                    self.screen.handle(self.news.get())
                if not self.screen._working:
                    return self.seen

    def press(self, *keys: str) -> str:
        for key in keys:
            self.screen.handle(Key(key))
        return self.seen

    def wait(self, seconds: float) -> str:
        self.now += seconds
        self.screen.handle(Tick())
        return self.seen

    @property
    def seen(self) -> str:
        lines = self.screen.page((80, 24)).lines((80, 24))
        return "\n".join(Text.from_ansi(line).plain for line in lines)

    def finish(self) -> Interview:
        self.screen.pause()
        return finish(self.record, next(i for i in self.record.interviews() if not i.ended))


@pytest.fixture
def room(suite: Suite, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr("dojo.engine.Engine", Borrowed(engine))
    return Room(suite)


def page(interview: Interview, width: int = 80) -> str:
    out = io.StringIO()
    show_report(Console(file=out, width=width), interview)
    return out.getvalue()


# --- the plan -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Suite:
    return Suite(ROOT)


@pytest.mark.parametrize("minutes", [15, 30, 45, 60, 90])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_round_is_a_warm_up_and_one_or_two_katas_that_fit(
    real: Suite, minutes: int, seed: int
) -> None:
    chosen = plan(real.entries, minutes, seed)

    assert 1 <= len(chosen) <= 3
    assert len(set(chosen)) == len(chosen)
    assert sum(entry.meta.minutes for entry in chosen) <= minutes
    assert chosen == plan(real.entries, minutes, seed)
    if minutes >= 30:
        assert "warmup" == chosen[0].meta.level
        assert {"core", "hard"} >= {entry.meta.level for entry in chosen[1:]} != set()


def test_round_of_another_seed_is_another(real: Suite) -> None:
    assert len({plan(real.entries, 45, seed) for seed in range(10)}) > 3


def test_round_keeps_to_topics_and_level(real: Suite) -> None:
    chosen = plan(real.entries, 60, 1, ["attention", "normalization"], "core")

    assert {"attention", "normalization"} >= {entry.topic for entry in chosen}
    assert {"core"} == {entry.meta.level for entry in chosen[1:]}


def test_time_that_nothing_fits_is_named(suite: Suite) -> None:
    with pytest.raises(NothingFits, match="nothing fits into 4 minutes: the shortest kata takes 5"):
        plan(suite.entries, 4, 1)


def test_two_of_the_questions_are_asked_and_the_same_for_a_seed(suite: Suite) -> None:
    asked = questions(suite.entries[0], 3, "en")

    assert 2 == len(asked) == len(set(asked))
    assert asked == questions(suite.entries[0], 3, "en")


def test_next_round_brings_other_katas_where_it_can(real: Suite, tmp_path: Path) -> None:
    record = Progress(tmp_path / "progress.sqlite")
    first, second = (
        {part["kata"] for part in open_round(real, record, "en", minutes=45).settings["parts"]}
        for _ in range(2)
    )

    assert not first & second


# --- the round ------------------------------------------------------------------------------------


def test_clock_starts_with_a_key_and_on_a_clean_file(room: Room) -> None:
    room.suite.find(ID)[0].stub.write_text("mine = 1\n")
    assert "A mock round of 30 minutes: warmup (5 minutes), then core (20 minutes)" in (
        " ".join(room.seen.split())
    )
    assert "30:00 left" in room.wait(100)
    assert not room.path.exists()

    room.press("enter")

    assert "NotImplementedError" in room.path.read_text()
    assert "interviews/1/1_scaled_sum.py" in room.seen
    assert "29:50 left" in room.wait(10)
    assert "mine = 1\n" == room.suite.find(ID)[0].stub.read_text()


def test_failing_case_is_named_and_the_mistake_is_not(room: Room) -> None:
    room.press("enter")

    seen = room.write(MINUS.source)

    assert "✗ matches the equation" in seen
    assert MINUS.why not in " ".join(seen.split())
    assert "nobody explains" in room.press("e")
    assert MINUS.why not in " ".join(room.press("up").split())


def test_whole_round_ends_with_a_report_on_one_page(room: Room) -> None:
    room.press("enter")
    room.wait(60)
    room.write(MINUS.source)
    assert "Hint 1: Add." in room.press("h")
    room.wait(60)

    seen = room.write(RIGHT)
    assert "Follow-up 1 of 2" in seen
    first = room.screen.state.question
    room.press(*"It costs one pass", "backspace", *"s")
    seen = room.press("enter")
    assert "It costs one pass" in seen and first.model in seen
    assert "Follow-up 2 of 2" in room.press("2")
    assert "(aloud)" in room.press("enter")
    assert "kata 2 of 2: second" in room.press("3")

    room.wait(30)
    room.press("d", "y")
    assert room.screen.over
    done = room.finish()

    text = page(done)
    flat = " ".join(text.split())
    assert len(text.splitlines()) <= 40
    assert "✓ basics/scaled_sum 2:00 2:00 of 5:00 2 1" in flat
    assert "✗ losses/second – 0:30 of 20:00 0 0" in flat
    assert f"scaled_sum: {MINUS.why}" in flat
    assert f"partly: {first.question}" in flat
    assert "losses/second, not solved: `dojo again second`" in flat
    assert "basics/scaled_sum, solved with hints: `dojo again scaled_sum`" in flat
    assert "basics/scaled_sum, 1 follow-up not known well" in flat
    kata, _ = done.report["katas"]
    assert "It costs one pass" == kata["questions"][0]["answer"]


def test_attempts_of_a_round_are_on_record_and_apart_from_practice(room: Room) -> None:
    room.press("enter")
    room.write(MINUS.source)
    room.press("h")
    room.write(RIGHT)

    record = room.record
    assert {ID} == record.solved()
    sitting = record.sitting(ID, room.interview.id)
    assert sitting is not None
    assert ("interview", 1) == (sitting.how, sitting.hints)
    assert None is record.sitting(ID)
    assert 0 == record.hints_seen(ID)
    catch_up(room.suite, record)
    assert [ID] == list(record.cards())
    step = coming(room.suite, record)
    assert step is not None and SECOND == step.entry.id
    assert is_pristine(room.suite.find(ID)[0])


def test_time_that_is_up_ends_the_round_or_is_noted(room: Room) -> None:
    room.press("enter")
    assert "the time is up. Go on all the same?" in room.wait(30 * 60)
    room.press("y")
    assert "1:00 over time" in room.wait(60)
    room.write(RIGHT)
    room.press("enter", "3", "enter", "3")
    assert "kata 2 of 2" in room.seen
    assert not room.screen.over
    room.press("d", "y")
    assert "1:00 of them over time" in " ".join(page(room.finish()).split())


def test_time_that_is_up_ends_the_round_if_told(room: Room) -> None:
    room.press("enter")
    room.wait(30 * 60)

    room.press("n")

    assert room.screen.over
    report = room.finish().report
    assert [SECOND] == report["not_reached"]
    assert not report["katas"][0]["solved"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (20, 5)])
def test_every_stage_fits_the_window(room: Room, size: tuple[int, int]) -> None:
    def fits() -> bool:
        lines = room.screen.page(size).lines(size)
        cells = [Text.from_ansi(line).cell_len for line in lines]
        return len(lines) <= size[1] and max(cells) <= size[0]

    assert fits()
    room.press("enter")
    assert fits()
    room.write(MINUS.source)
    assert fits()
    room.write(RIGHT)
    room.press(*("long answer " * 60))
    assert fits()
    room.press("enter")
    assert fits()


# --- interruptions --------------------------------------------------------------------------------


def test_round_goes_on_from_the_record_alone(room: Room) -> None:
    """Whatever ended the process: nothing is asked of it."""
    room.press("enter")
    room.wait(61)
    room.write(MINUS.source)
    room.press("h")

    back = room.again()

    assert "28:59 left" in back.seen
    assert "Hint 1: Add." in back.seen
    assert MINUS.source == back.path.read_text()
    back.write(RIGHT)
    assert 2 == back.screen.state.parts[0].tries
    assert "Follow-up 1 of 2" in back.seen


def test_kill_costs_no_more_than_some_seconds_of_the_clock(room: Room) -> None:
    room.press("enter")
    for _ in range(20):
        room.wait(1)

    assert "29:40 left" in room.seen
    assert 1780 <= 60 * 30 - room.again().screen.spent <= 1785


def test_answer_that_is_half_typed_comes_back(room: Room) -> None:
    room.press("enter")
    room.write(RIGHT)
    room.press(*"Half an ans")
    room.wait(6)

    back = room.again()

    assert "> Half an ans▏" in back.seen
    back.press(*"wer")
    assert "Half an answer" in back.press("enter")


def test_answer_that_is_shown_is_still_to_be_marked_afterwards(room: Room) -> None:
    room.press("enter")
    room.write(RIGHT)
    room.press("enter")

    back = room.again()

    assert "A model answer" in back.seen
    assert "Follow-up 2 of 2" in back.press("1")


def test_answer_that_passed_while_nobody_looked_counts(room: Room) -> None:
    room.press("enter")
    room.path.write_text(RIGHT)

    back = room.again()
    while not isinstance(event := back.news.get(timeout=60), Kept):
        back.screen.handle(event)
    back.screen.handle(back.news.get(timeout=60)) if not back.news.empty() else None

    assert back.screen.state.parts[0].passed is not None


def test_record_that_fails_meanwhile_is_made_up_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.press("enter")
    with monkeypatch.context() as patch:

        def refuse(*arguments: object, **more: object) -> None:
            raise ProgressError("the disk is full")

        patch.setattr(Progress, "log", refuse)
        assert "not recorded yet: the disk is full" in room.press("h")
        assert "Hint 1: Add." in room.seen
    room.wait(6)

    assert 1 == room.again().screen.state.parts[0].hints


def test_record_that_is_spoilt_meanwhile_is_written_anew(room: Room) -> None:
    room.press("enter")
    room.press("h")
    room.record.path.write_bytes(b"Somebody opened it in an editor. " * 99)
    room.wait(61)
    assert "is damaged. It is kept as" in " ".join(room.seen.split())
    room.write(RIGHT)

    back = room.again()

    assert "Follow-up 1 of 2" in back.seen
    assert 1 == back.screen.state.parts[0].hints
    assert "28:59 left" in back.seen


def test_kata_that_was_renamed_meanwhile_goes_on(room: Room) -> None:
    room.press("enter")
    room.write(MINUS.source)
    root = room.suite.root
    for tree in ("solutions", "graders", "katas"):
        (root / tree / f"{ID}.py").rename(root / tree / "basics/sum_scaled.py")
    grader = root / "graders/basics/sum_scaled.py"
    grader.write_text(grader.read_text().replace("minutes=5,", f'minutes=5, was=("{ID}",),'))

    back = Room(Suite(root), unfinished(room.record))

    assert "sum_scaled" in back.seen
    assert "Follow-up 1 of 2" in back.write(RIGHT)


def test_round_that_was_never_begun_is_forgotten(room: Room) -> None:
    assert None is unfinished(room.record)
    assert [] == room.record.interviews()


def test_folder_of_a_round_whose_record_is_lost_is_not_used_again(suite: Suite) -> None:
    old = suite.root / "interviews/3/1_scaled_sum.py"
    old.parent.mkdir(parents=True)
    old.write_text("mine = 1\n")

    found = open_round(suite, progress(suite.root), "en", minutes=30)

    assert "interviews/4" == found.settings["folder"]


def test_second_interview_at_once_is_refused(suite: Suite) -> None:
    with (
        alone(suite.root),
        pytest.raises(AlreadyOpen, match="open in another terminal"),
        alone(suite.root),
    ):
        pass
    with alone(suite.root):
        pass


# --- the command ----------------------------------------------------------------------------------


def dojo(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dojo", "interview", *arguments],
        cwd=suite.root,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_command_says_what_it_needs(suite: Suite) -> None:
    for arguments, message in (
        ((), "an interview needs a terminal"),
        (("--topics", "loses"), "did you mean losses/?"),
        (("--report",), "no interview has ended yet"),
    ):
        done = dojo(suite, *arguments)
        assert (2, "") == (done.returncode, done.stdout)
        assert message in done.stderr


def test_interview_in_a_terminal_is_killed_and_goes_on(suite: Suite) -> None:
    arguments = ("interview", "--minutes", "5", "--seed", "1")
    path = suite.root / "interviews/1/1_scaled_sum.py"
    with in_terminal(*arguments, folder=suite.root) as terminal:
        terminal.wait_for("A mock round of 5 minutes", "5:00 left")
        terminal.press("\r")
        terminal.wait_for("Return scale", "this one 0:0")
        path.write_text(MINUS.source, encoding="utf-8")
        terminal.wait_for("wrong, 1 of 4 cases pass")
        os.killpg(terminal.process.pid, signal.SIGKILL)
        terminal.end()
    with in_terminal("interview", folder=suite.root, size=(120, 40)) as terminal:
        terminal.until(lambda: "Go on with it? [Y/n]" in terminal.written, "the question")
        terminal.press("\r")
        terminal.wait_for("wrong, 1 of 4 cases pass")
        path.write_text(RIGHT, encoding="utf-8")
        terminal.wait_for("Follow-up 1 of 2")
        terminal.press("an ans")
        terminal.wait_for("> an ans")
        terminal.press("\x03")
        assert 0 == terminal.end()
        assert terminal.is_restored
        assert "Paused." in terminal.written
    with in_terminal("interview", "--resume", folder=suite.root) as terminal:
        terminal.wait_for("> an ans")
        terminal.press("wer\r")
        terminal.wait_for("A model answer", "an answer")
        terminal.press("3")
        terminal.wait_for("Follow-up 2 of 2")
        terminal.press("\r")
        terminal.wait_for("(aloud)")
        terminal.press("3")
        assert 0 == terminal.end()
        assert terminal.is_restored
        assert "basics/scaled_sum" in terminal.written.rpartition("\x1b[?1049l")[2]
    (kept,) = progress(suite.root).interviews()
    assert json.loads(json.dumps(kept.report))["katas"][0]["solved"]
    assert "had it" in dojo(suite, "--report").stdout
