"""`dojo watch` grades what is saved, keeps the failing case in sight, and restores the terminal."""

from __future__ import annotations

import os
import queue
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import in_terminal
from rich.text import Text
from sample_suite import GRADER, SOLUTION, Make

from dojo import schema
from dojo.engine import Engine
from dojo.mistakes import find_mistakes, reference
from dojo.practice.desk import Crashed, Desk, Graded, Kept, Sheet, Troubled
from dojo.practice.saves import Saved, Saves, Watching
from dojo.practice.schedule import Step
from dojo.practice.screen import Page, keys_line
from dojo.practice.terminal import ENTER, LEAVE, Key, parse_keys
from dojo.practice.watch import Tick, Watch
from dojo.suite import Entry, Suite
from dojo.verdict import Verdict
from dojo.workspace import is_pristine, progress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

RIGHT = reference(SOLUTION)
MINUS, UNSCALED = find_mistakes(SOLUTION)[1:3]
ID, OTHER = "basics/scaled_sum", "losses/other"


class Borrowed:
    """An engine that outlives the desk under test."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, **options: Any) -> Borrowed:
        return self

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    make_suite()
    return make_suite(id=OTHER, grader=GRADER.replace("needs=()", ""))


class Bench:
    """A watch without a terminal: news goes in by hand, and what is seen comes out."""

    def __init__(self, suite: Suite, name: str | None = None) -> None:
        self.suite = suite
        self.news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.desk = Desk(suite, progress(suite.root), self.news.put)
        self.now = 100.0
        entry = suite.find(name)[0] if name else None
        self.watch = Watch(
            suite, progress(suite.root), self.desk, entry, "en", now=lambda: self.now
        )

    def entry(self, id: str) -> Entry:
        return self.suite.find(id)[0]

    def save(self, id: str, source: str) -> None:
        path = self.entry(id).stub
        path.write_text(source, encoding="utf-8")
        self.watch.handle(Saved(frozenset([path.resolve()])))

    def until(self, kind: type, count: int = 1) -> list[Any]:
        """Hand on what comes until there were so many of a kind."""
        found: list[Any] = []
        while len(found) < count:
            event = self.news.get(timeout=60)
            assert not isinstance(event, Crashed), event
            self.watch.handle(event)
            found += [event] if isinstance(event, kind) else []
        return found

    def verdict(self, id: str, source: str) -> str:
        self.save(id, source)
        self.until(Kept)
        return self.seen

    def press(self, *keys: str) -> str:
        for key in keys:
            self.watch.handle(Key(key))
        return self.seen

    @property
    def lines(self) -> list[str]:
        lines = self.watch.page((80, 24)).lines((80, 24))
        return [Text.from_ansi(line).plain for line in lines]

    @property
    def seen(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def bench(suite: Suite, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("dojo.engine.Engine", Borrowed(engine))
    bench = Bench(suite, ID)
    with bench.desk:
        yield bench


# --- verdicts -------------------------------------------------------------------------------------


def test_save_is_graded_recorded_and_shown_with_the_failing_case_first(bench: Bench) -> None:
    assert "Return scale · (x + y)." in bench.seen

    seen = bench.verdict(ID, MINUS.source)

    lines = seen.splitlines()
    assert lines[2].startswith(f"✗ {ID} – wrong")
    assert lines[3].startswith("  ✗ ")
    assert MINUS.why in seen
    last = progress(bench.suite.root).last(ID)
    assert last is not None and Verdict.WRONG is last.verdict
    assert "✓" in bench.verdict(ID, RIGHT).splitlines()[2]
    assert "solved: n for the next kata" in bench.seen
    assert {ID} == progress(bench.suite.root).solved()


def test_attempt_knows_what_failed_how_long_it_took_and_the_answer(bench: Bench) -> None:
    bench.press("h")
    bench.now += 120
    bench.verdict(ID, MINUS.source)

    record = progress(bench.suite.root)
    (attempt,) = record.attempts(ID)
    failed = record.failures(attempt.id)
    assert MINUS.source.encode() == record.answer(attempt.digest)
    assert {MINUS.why} == {f.why for f in failed if f.why}
    assert failed[0].details and not any(f.details for f in failed[1:])
    assert 1 == attempt.hints
    sitting = record.sitting(ID)
    assert sitting is not None and "watch" == sitting.how


def test_time_before_the_first_save_counts(bench: Bench) -> None:
    bench.now += 120

    bench.verdict(ID, MINUS.source)

    assert 120 <= progress(bench.suite.root).attempts(ID)[0].spent < 150


def test_content_that_was_graded_is_not_graded_again(bench: Bench) -> None:
    bench.verdict(ID, MINUS.source)

    bench.save(ID, MINUS.source)

    assert "saved, and nothing has changed" in bench.seen
    assert MINUS.why in bench.seen
    assert bench.news.empty()


def test_run_grades_the_same_content_again_without_a_new_attempt(bench: Bench) -> None:
    bench.verdict(ID, MINUS.source)
    bench.press("r")

    (kept,) = bench.until(Kept)

    assert not kept.is_new
    assert 1 == len(progress(bench.suite.root).attempts(ID))


def test_other_kata_that_is_saved_is_graded_and_shown(bench: Bench) -> None:
    seen = bench.verdict(OTHER, UNSCALED.source)

    assert seen.startswith(OTHER)
    assert UNSCALED.why in seen


def test_several_files_at_once_are_a_pull_and_switch_nothing(
    bench: Bench, make_suite: Make
) -> None:
    paths = [bench.entry(id).stub for id in (ID, OTHER)]
    paths[1].write_text(RIGHT, encoding="utf-8")

    bench.watch.handle(Saved(frozenset(path.resolve() for path in paths)))

    assert bench.seen.startswith(ID)


def test_stub_that_is_written_elsewhere_switches_nothing(bench: Bench) -> None:
    bench.watch.handle(Saved(frozenset([bench.entry(OTHER).stub.resolve()])))

    assert bench.seen.startswith(ID)


def test_file_between_two_names_is_waited_for_and_a_lost_one_is_said(bench: Bench) -> None:
    path = bench.entry(ID).stub
    path.unlink()
    bench.watch.handle(Saved(frozenset([path.resolve()])))
    assert bench.news.empty()
    path.write_text(MINUS.source, encoding="utf-8")
    bench.watch.handle(Tick())
    bench.until(Kept)
    assert MINUS.why in bench.seen

    path.unlink()
    bench.watch.handle(Saved(frozenset([path.resolve()])))
    bench.now += 10
    bench.watch.handle(Tick())
    bench.until(Graded)

    assert "the file is gone" in bench.seen


def test_newer_save_wins_over_an_endless_loop(bench: Bench) -> None:
    bench.save(ID, "while True: pass\n")
    time.sleep(0.2)

    seen = bench.verdict(ID, RIGHT)

    assert f"✓ {ID}" in seen
    assert [Verdict.PASSED] == [a.verdict for a in progress(bench.suite.root).attempts(ID)]


def test_broken_grader_is_a_verdict_and_not_the_end(bench: Bench) -> None:
    entry = bench.entry(ID)
    entry.grader.write_text("nonsense", encoding="utf-8")
    bench.suite.__dict__.pop("entries", None)

    seen = bench.verdict(ID, RIGHT)

    assert "the kata itself is broken" in seen or f"✓ {ID}" in seen


def test_trouble_on_the_desk_has_words(bench: Bench) -> None:
    entry = bench.entry(ID)
    bench.watch.handle(Troubled(Sheet(entry, entry.stub, "watch"), "no torch: install it"))

    assert "no torch: install it" in bench.seen


# --- keys -----------------------------------------------------------------------------------------


def test_hint_shows_one_more_and_keeps_the_verdict_below(bench: Bench) -> None:
    bench.verdict(ID, MINUS.source)

    assert "1. Add." in bench.press("h")
    assert MINUS.why in bench.seen
    assert "2. Then scale." in bench.press("h")
    assert bench.press("escape").splitlines()[2].startswith("✗")
    assert "2. Then scale." in bench.seen  # below the verdict
    assert "3. Check the scale first." in bench.press("h", "h", "h")
    assert 3 == progress(bench.suite.root).hints_seen(ID)


def test_solution_is_shown_once_solved_or_after_a_question(bench: Bench) -> None:
    assert "show the solution all the same?" in bench.press("e")
    assert "Return scale" in bench.press("n")
    assert "One pass." not in bench.seen
    assert not getattr(progress(bench.suite.root).sitting(ID), "explained", False)

    bench.press("e", "y", "end")

    assert "One pass." in bench.seen
    sitting = progress(bench.suite.root).sitting(ID)
    assert sitting is not None and sitting.explained


def test_reset_asks_and_keeps_a_backup(bench: Bench) -> None:
    bench.verdict(ID, MINUS.source)
    entry = bench.entry(ID)

    bench.press("x", "escape")
    assert MINUS.source == entry.stub.read_text()
    seen = bench.press("x", "y")

    assert is_pristine(entry)
    (backup,) = (bench.suite.root / ".dojo" / "backups").rglob("*.py")
    assert MINUS.source == backup.read_text()
    assert ".dojo/backups" in seen
    assert "this is the stub already" in bench.press("x")


def test_list_is_filtered_by_typing_and_chooses(bench: Bench) -> None:
    seen = bench.press("l")
    assert ID in seen and OTHER in seen
    seen = bench.press("o", "t", "h")
    assert OTHER in seen and ID not in seen

    assert bench.press("enter").startswith(OTHER)
    assert "no kata is called that" in bench.press("l", "z", "z", "z")
    assert bench.press("escape").startswith(OTHER)


def test_next_leaves_what_is_at_hand(bench: Bench) -> None:
    bench.verdict(ID, RIGHT)

    assert bench.press("n").startswith(OTHER)


def test_next_begins_a_due_kata_from_a_fresh_stub_if_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.verdict(ID, RIGHT)
    bench.verdict(OTHER, RIGHT)
    monkeypatch.setattr(
        "dojo.practice.watch.coming", lambda *a, **k: Step(bench.entry(ID), "due", None)
    )

    assert "is due again" in bench.press("n")
    bench.press("y")

    assert is_pristine(bench.entry(ID))
    assert bench.seen.startswith(ID)
    assert 2 == len(progress(bench.suite.root).sittings(ID))


def test_quit_is_over(bench: Bench) -> None:
    bench.press("q")

    assert bench.watch.over


def test_record_that_cannot_be_used_is_said_and_stops_nothing(bench: Bench) -> None:
    path = progress(bench.suite.root).path
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()

    seen = bench.verdict(ID, MINUS.source)

    assert MINUS.why in seen
    assert "not recorded" in seen
    assert before == path.read_bytes()


@pytest.mark.parametrize("harm", ["damaged", "newer"])
def test_record_that_is_no_use_from_the_start_is_told_and_kept(suite: Suite, harm: str) -> None:
    path = progress(suite.root).path
    path.parent.mkdir(exist_ok=True)
    if harm == "damaged":
        path.write_bytes(b"Somebody opened it in an editor. " * 99)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    content = path.read_bytes()

    seen = " ".join(Bench(suite).seen.split())

    assert "Return scale" in seen
    told = {"damaged": "is damaged. It is kept as", "newer": "was written by a newer version"}
    assert told[harm] in seen
    kept = [file.read_bytes() for file in path.parent.glob("progress.sqlite*")]
    assert [content] == kept


# --- the screen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (20, 5), (10, 2), (200, 60)])
def test_page_fits_any_window(bench: Bench, size: tuple[int, int]) -> None:
    bench.verdict(ID, "print('x' * 500)\n" + MINUS.source)

    for keys in ((), ("h",), ("l",), ("escape", "s"), ("e", "y")):
        bench.press(*keys)
        lines = [Text.from_ansi(line) for line in bench.watch.page(size).lines(size)]
        assert len(lines) <= size[1]
        # Below twenty columns nobody reads; the terminal cuts.
        assert all(line.cell_len <= max(size[0], 20) for line in lines)


def test_body_that_is_too_long_scrolls_to_its_end_and_no_further() -> None:
    page = Page(Text("head"), [str(n) for n in range(50)], (("q", "quit"),), top=10**6)

    lines = page.lines((80, 24))

    assert ["30", "49"] == [Text.from_ansi(lines[n]).plain for n in (2, 21)]
    assert "↑ the end" in lines[-2]
    assert "30 more below ↓" in Page(page.head, page.body, page.keys).lines((80, 24))[-2]


def test_keys_that_do_not_fit_are_left_out() -> None:
    line = Text.from_ansi(keys_line(12, ("n", "next"), ("h", "hint"), ("q", "quit"))).plain

    assert "n next" == line.strip()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("nq", ["n", "q"]),
        ("\x1b[A\x1bOB", ["up", "down"]),
        ("\x1b", ["escape"]),
        ("\x1b[200~é\x7f\r", ["é", "backspace", "enter"]),
        ("\x1b[1;5C\x00x", ["x"]),
        ("\x1b[5~\x1b[6~ ", ["pageup", "pagedown", " "]),
    ],
)
def test_bytes_of_a_terminal_mean_keys(text: str, keys: list[str]) -> None:
    assert keys == list(parse_keys(text))


# --- saves ----------------------------------------------------------------------------------------


def by_rename(path: Path, text: str) -> None:
    beside = path.with_name(".tmp123")
    beside.write_text(text)
    beside.replace(path)


def by_backup(path: Path, text: str) -> None:
    """As vim does with a backup: move away, write anew."""
    path.replace(path.with_name(path.name + "~"))
    path.write_text(text)


def twice(path: Path, text: str) -> None:
    path.write_text("")
    path.write_text(text)


@pytest.mark.parametrize("save", [Path.write_text, by_rename, by_backup, twice])
def test_every_way_to_save_is_seen_and_swap_files_are_not(
    tmp_path: Path, save: Callable[[Path, str], object]
) -> None:
    path = tmp_path / "topic" / "kata.py"
    path.parent.mkdir()
    path.write_text("old")
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    wanted = path.resolve()
    with Saves([tmp_path.resolve()], lambda p: p == wanted, news.put):
        assert Watching() == news.get(timeout=30)
        for name in (".kata.py.swp", "4913", "kata.py~", "#kata.py#", "__pycache__"):
            (path.parent / name).write_text("swap")
        save(path, "new")
        while True:
            assert {wanted} == news.get(timeout=30).paths
            if path.exists() and path.read_text() == "new":
                break


# --- in a terminal --------------------------------------------------------------------------------


def test_watch_in_a_terminal_from_first_save_to_ctrl_c(suite: Suite) -> None:
    stub = suite.find(ID)[0].stub
    with in_terminal("watch", "scaled_sum", folder=suite.root) as terminal:
        terminal.wait_for("Return scale", "n next  h hint")
        by_rename(stub, MINUS.source)
        screen = terminal.wait_for(MINUS.why, "✗")
        assert 24 == len(screen)
        assert screen[2].startswith(f"✗ {ID}")

        terminal.resize(120, 40)
        terminal.until(lambda: 40 == len(terminal.screen), "the new size")
        terminal.press("h")
        terminal.wait_for("1. Add.")

        # Nobody could continue this group, so it is not stopped; the terminal is given back and
        # taken again all the same.
        os.kill(terminal.process.pid, signal.SIGTSTP)
        terminal.until(lambda: 2 == terminal.written.count(ENTER), "the screen again")
        assert 1 == terminal.written.count(LEAVE)
        terminal.wait_for("1. Add.")

        terminal.press("\x03")
        assert 0 == terminal.end()
        assert terminal.is_restored
    assert [Verdict.WRONG] == [a.verdict for a in progress(suite.root).attempts(ID)]


def test_two_watches_share_a_record_and_a_closed_window_ends_one(suite: Suite) -> None:
    stub = suite.find(ID)[0].stub
    with (
        in_terminal("watch", folder=suite.root) as one,
        in_terminal("watch", "scaled_sum", folder=suite.root) as other,
    ):
        for terminal in (one, other):
            terminal.wait_for("Return scale")
        stub.write_text(RIGHT, encoding="utf-8")
        for terminal in (one, other):
            terminal.wait_for("all 4 cases pass", "1 of 2 solved")
        one.hang_up()
        assert 129 == one.end()
        other.press("q")
        assert 0 == other.end()
        assert other.is_restored
    assert 1 == len(progress(suite.root).attempts(ID))


def test_without_a_terminal_each_save_prints_a_verdict(suite: Suite) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "dojo", "watch", "scaled_sum"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=suite.root,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "this is no terminal, so there are no keys" in process.stderr.readline()
        suite.find(ID)[0].stub.write_text(MINUS.source, encoding="utf-8")
        out = ""
        while MINUS.why not in out:
            out += process.stdout.readline()
            assert process.poll() is None, out
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert f"✗ {ID}" in out
    assert 0 == process.returncode
    assert "Traceback" not in err


def test_unknown_kata_is_answered_with_advice(suite: Suite) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dojo", "watch", "scaled_sun"],
        cwd=suite.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == done.returncode
    assert f"did you mean {ID}?" in done.stderr
