"""`dojo watch`: a screen that stays, a verdict on each save, and one key for each next step."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dojo.launch import Warm
from dojo.practice.desk import Crashed, Desk, Graded, Kept, Sheet, Troubled, fingerprint
from dojo.practice.history import begin_again, clock
from dojo.practice.saves import Saved, Saves, Watching
from dojo.practice.schedule import catch_up, coming, due, readable
from dojo.practice.screen import Page, fold, lines_of
from dojo.practice.terminal import Closed, Key, Terminal
from dojo.progress import Progress, ProgressError
from dojo.report import show_full, show_solution, show_statement
from dojo.suite import Entry, GraderError, Suite
from dojo.translations import Language, words
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.workspace import is_pristine, record_of
from dojo.wrapping import Wrapped

__all__ = ["Screen", "Tick", "Watch", "failing_first", "follow", "run", "watch"]

KEYS: Final = (
    ("n", "next"),
    ("h", "hint"),
    ("l", "list"),
    ("e", "explain"),
    ("x", "reset"),
    ("r", "run"),
    ("q", "quit"),
    ("s", "statement"),
)
BACK: Final = (("↑↓", "scroll"), ("esc", "back"), ("q", "quit"))
CHOOSE: Final = (("↑↓", "move"), ("enter", "choose"), ("a–z", "filter"), ("esc", "back"))
ANSWER: Final = (("y", "yes"), ("n", "no"))
PATIENCE: Final = 2.0
"""Seconds that a key may wait for another process that writes to the record."""
GONE: Final = 0.5
"""Seconds after which a file that has vanished is taken to be gone, and not about to be renamed."""


@dataclass(frozen=True)
class Tick:
    """Some time has gone by."""


class Screen(Protocol):
    """What the loop shows and tells of everything that happens."""

    over: bool

    def handle(self, event: Any) -> None: ...

    def page(self, size: tuple[int, int]) -> Page: ...

    @property
    def patience(self) -> float: ...


def watch(suite: Suite, entry: Entry | None, language: Language, warm: Warm | None = None) -> None:
    """Watch until somebody quits."""
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    record = replace(record_of(suite), patience=PATIENCE)
    with Desk(suite, record, news.put, warm) as desk, _saves(suite, news), Terminal(news.put) as t:
        run(Watch(suite, record, desk, entry, language), t, news)


def run(screen: Screen, terminal: Terminal, news: queue.SimpleQueue[Any]) -> None:
    """Show what there is to see, and hand on what happens, until the screen is over."""
    while not screen.over:
        size = terminal.size
        terminal.draw(screen.page(size).lines(size))
        try:
            event = news.get(timeout=screen.patience)
        except queue.Empty:
            event = Tick()
        if isinstance(event, Closed):
            return
        if isinstance(event, Crashed):
            raise event.error
        screen.handle(event)


def follow(
    suite: Suite,
    entry: Entry | None,
    language: Language,
    console: Console,
    warm: Warm | None = None,
) -> None:
    """Print a verdict on each save, where nobody can press keys."""
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    record = replace(record_of(suite), patience=PATIENCE)
    by_path = _by_path(suite)
    seen: dict[Path, str] = {}
    with Desk(suite, record, news.put, warm) as desk, _saves(suite, news):
        while True:
            event = news.get()
            if isinstance(event, Crashed):
                raise event.error
            if isinstance(event, Watching) and entry is not None and not is_pristine(entry):
                desk.grade(Sheet(entry, entry.stub, "watch"))
            if isinstance(event, Saved):
                found = [by_path[path] for path in event.paths if path in by_path]
                for saved in found if len(found) == 1 else [e for e in found if e is entry]:
                    if saved.stub.exists():
                        desk.grade(Sheet(saved, saved.stub, "watch"))
            elif isinstance(event, Graded) and seen.get(event.sheet.path) != event.digest:
                seen[event.sheet.path] = event.digest
                show_full(
                    console, event.sheet.entry, event.result, words(event.sheet.entry, language)
                )
                console.print()
            elif isinstance(event, Troubled):
                console.print(event.message)
            elif isinstance(event, Kept) and event.problem:
                console.print(f"not recorded: {event.problem}")


def failing_first(result: KataResult) -> KataResult:
    """Return the same verdict with the titles that fail before those that pass."""
    failing = {case.title for case in result.cases if case.verdict is not Verdict.PASSED}

    def passes(case: CaseResult) -> bool:
        return case.title not in failing

    return replace(result, cases=tuple(sorted(result.cases, key=passes)))


def _saves(suite: Suite, news: queue.SimpleQueue[Any]) -> Saves:
    wanted = _by_path(suite).keys()
    folder = suite.root / "katas"
    return Saves([folder.resolve()], lambda path: path in wanted, news.put)


def _by_path(suite: Suite) -> dict[Path, Entry]:
    return {entry.stub.resolve(): entry for entry in readable(suite)}


def _show_hints(console: Console, hints: Sequence[str]) -> None:
    for number, hint in enumerate(hints, 1):
        grid = Table.grid(padding=(0, 1))
        grid.add_row(f"{number}.", Wrapped(hint), style="" if number == len(hints) else "dim")
        console.print(grid)


class Watch:
    """What `dojo watch` shows, and what its keys and the saves of files do to it."""

    def __init__(
        self,
        suite: Suite,
        record: Progress,
        desk: Desk,
        entry: Entry | None = None,
        language: Language = "en",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.over = False
        self._suite, self._record, self._desk = suite, record, desk
        self._language, self._now = language, now
        self._by_path = _by_path(suite)
        self._results: dict[str, tuple[str, KataResult]] = {}
        self._body: tuple[object, list[str]] = (None, [])
        self._gone: dict[Entry, float] = {}
        self._view = "main"
        self._top = 0
        self._note = ""
        self._problem = ""
        self._filter, self._cursor = "", 0
        self._ask: tuple[str, Callable[[], None], Callable[[], None]] | None = None
        self._version = 0
        self._working = ""
        try:
            catch_up(suite, record)
        except ProgressError as error:
            self._problem = str(error)
        self._choose(entry or self._first())
        if entry is None:
            with suppress(ProgressError):  # which has been told by now
                self._next(begin=True)

    # --- what happens -----------------------------------------------------------------------------

    @property
    def patience(self) -> float:
        """Seconds until something may be due that nobody announces."""
        return 0.1 if self._gone else 1.0

    def handle(self, event: Any) -> None:
        """Take in whatever has happened; a record that cannot be used stops nothing."""
        try:
            self._take(event)
        except ProgressError as error:
            self._problem = f"not recorded: {error}"
        self._version += not isinstance(event, Tick)

    def _take(self, event: Any) -> None:
        if isinstance(event, Key):
            self._press(event.name)
        elif isinstance(event, Saved):
            self._saved(event.paths)
        elif isinstance(event, Watching) and not is_pristine(self._entry):
            self._check(self._entry, quiet=True)
        elif isinstance(event, Graded):
            self._graded(event)
        elif isinstance(event, Kept):
            self._kept(event)
        elif isinstance(event, Troubled):
            self._working, self._note = "", event.message
        self._look_for_the_gone()

    def _saved(self, paths: Iterable[Path]) -> None:
        """Grade the kata that was saved; of several, as after a pull, only the one shown."""
        found = [self._by_path[path] for path in paths if path in self._by_path]
        if self._entry in found:
            self._check(self._entry)
        elif len(found) == 1 and found[0].stub.exists() and not is_pristine(found[0]):
            self._show(found[0])
            self._check(self._entry)

    def _check(self, entry: Entry, *, force: bool = False, quiet: bool = False) -> None:
        try:
            digest = fingerprint(entry.stub.read_bytes())
        except OSError:
            if not force:
                self._gone.setdefault(entry, self._now() + GONE)
                return
            digest = ""
        known = self._results.get(entry.id)
        if known and known[0] == digest and not force:
            if not self._working and not quiet:
                self._note = "saved, and nothing has changed"
            return
        self._working, self._note = "grading …", ""
        self._desk.grade(Sheet(entry, entry.stub, "watch", self._now() - self._shown_at))

    def _look_for_the_gone(self) -> None:
        """Grade a file that has come back under its name, or has been gone for a while."""
        for entry, deadline in list(self._gone.items()):
            if entry.stub.exists() or self._now() > deadline:
                del self._gone[entry]
                if entry is self._entry:
                    self._check(entry, force=True)

    def _graded(self, event: Graded) -> None:
        entry = event.sheet.entry
        self._results[entry.id] = (event.digest, event.result)
        if entry is self._entry:
            self._working, self._ask = "", None
            self._view, self._top = "main", 0
            self._note = "solved: n for the next kata" if event.result.passed else ""
            if self._desk.has_gaps:
                self._problem = "the sandbox has gaps here: `dojo doctor` says more"

    def _kept(self, event: Kept) -> None:
        if event.problem:
            self._problem = f"not recorded: {event.problem}"
            return
        if self._problem.startswith("not recorded"):
            self._problem = ""
        if event.sheet.entry is self._entry:
            self._read_record()

    # --- keys -------------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        if self._ask is not None:
            _, yes, no = self._ask
            if key in ("y", "Y"):
                self._ask = None
                yes()
            elif key in ("n", "N", "escape", "q", "enter"):
                self._ask = None
                no()
            return
        self._note = ""
        if self._view == "list" and self._press_in_list(key):
            return
        move = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "pageup": -10,
            "pagedown": 10,
            " ": 10,
            "home": -(10**6),
            "end": 10**6,
        }.get(key)
        if move is not None:
            self._top = max(self._top + move, 0)
        elif key == "escape":
            self._go("main")
        elif key in self._actions:
            self._actions[key]()

    @property
    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "n": self._next,
            "h": self._hint,
            "l": self._list,
            "e": self._explain,
            "x": self._reset,
            "r": lambda: self._check(self._entry, force=True),
            "s": lambda: self._go("main" if self._view == "statement" else "statement"),
            "q": self._quit,
        }

    def _quit(self) -> None:
        self.over = True

    def _go(self, view: str) -> None:
        self._view, self._top = view, 0

    def _first(self) -> Entry:
        """Return the kata to begin with, if nobody has named one."""
        with suppress(ProgressError):
            if step := coming(self._suite, self._record):
                return step.entry
        return readable(self._suite)[0]

    def _next(self, *, begin: bool = False) -> None:
        """Go on to what the schedule says; what comes back is begun from a fresh stub."""
        here = [] if begin else [self._entry.id]
        step = coming(self._suite, self._record, without=here)
        if step is None:
            self._note = "everything else is solved, and nothing is due"
            return
        entry = step.entry
        if step.why == "due" and not is_pristine(entry):
            self._question(
                f"{entry.name} is due again: begin it from a fresh stub? Your answer is kept",
                lambda: self._again(entry),
                lambda: self._choose(entry),
            )
        elif entry is not self._entry:
            self._choose(entry)

    def _again(self, entry: Entry) -> None:
        try:
            backup = begin_again(self._suite, entry)
        except OSError as error:
            self._note = f"{error.filename}: {error.strerror}"
            return
        self._results.pop(entry.id, None)
        self._choose(entry)
        if backup:
            self._note = f"your version is kept as {backup.relative_to(self._suite.root)}"

    def _hint(self) -> None:
        hints = len(self._entry.meta.hints)
        if self._seen < hints:
            self._seen += 1
            self._go("hints")
            self._record.saw_hint(self._entry.id, "watch", self._now() - self._shown_at)
        self._go("hints")

    def _explain(self) -> None:
        if self._view == "solution":
            self._go("main")
        elif self._done:
            self._go("solution")
        else:
            self._question(
                f"{self._entry.name} is not solved yet: show the solution all the same?",
                self._give_up,
                lambda: None,
            )

    def _give_up(self) -> None:
        self._go("solution")
        self._record.saw_solution(self._entry.id)

    def _reset(self) -> None:
        if is_pristine(self._entry):
            self._note = "this is the stub already"
            return
        entry = self._entry
        self._question(
            "put the stub back? Your version is kept", lambda: self._again(entry), lambda: None
        )

    def _question(self, text: str, yes: Callable[[], None], no: Callable[[], None]) -> None:
        self._ask = (text, yes, no)

    # --- choosing from the list -------------------------------------------------------------------

    def _list(self) -> None:
        self._filter = ""
        self._go("list")
        listed = self._listed()
        self._cursor = listed.index(self._entry) if self._entry in listed else 0

    def _listed(self) -> Sequence[Entry]:
        word = self._filter.lower()
        return [e for e in readable(self._suite) if word in e.id.replace("_", " ") + " " + e.id]

    def _press_in_list(self, key: str) -> bool:
        last = max(len(self._listed()) - 1, 0)
        moves = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}
        if key in moves:
            self._cursor = min(max(self._cursor + moves[key], 0), last)
        elif key == "enter":
            if listed := self._listed():
                self._choose(listed[self._cursor])
        elif key == "backspace":
            self._filter, self._cursor = self._filter[:-1], 0
        elif key == "escape":
            self._go("main")
        elif len(key) == 1 and len(self._filter) < 40:
            self._filter, self._cursor = self._filter + key, 0
        return True

    # --- the kata that is shown -------------------------------------------------------------------

    def _choose(self, entry: Entry) -> None:
        """Show a kata, and grade what is there."""
        try:
            self._show(entry)
        except GraderError as error:
            self._note = str(error)
            return
        if is_pristine(entry):
            self._results.pop(entry.id, None)
            self._desk.prepare(Sheet(entry, entry.stub, "watch"))
        elif entry.id not in self._results:
            self._check(entry)

    def _show(self, entry: Entry) -> None:
        assert entry.meta  # which is read here, if it can be
        self._entry = entry
        self._shown_at = self._now()
        self._working = self._note = ""
        self._ask = None
        self._go("main")
        self._read_record()

    def _read_record(self) -> None:
        try:
            self._solved = self._record.solved()
            sitting = self._record.sitting(self._entry.id)
            self._due = len(due(self._suite, self._record))
        except ProgressError as error:
            self._problem = str(error)
            self._solved, sitting, self._due = set(), None, 0
        self._seen = min(sitting.hints, len(self._entry.meta.hints)) if sitting else 0
        self._spent = sitting.spent if sitting else 0.0
        self._spent_at = self._now()
        self._done = sitting is not None and sitting.passed_at is not None

    # --- what is seen -----------------------------------------------------------------------------

    def page(self, size: tuple[int, int]) -> Page:
        """Return what is to be seen now."""
        key = (self._version, self._problem, size)
        if self._body[0] != key:
            self._body = (key, self._lines(size[0]))
        meta = self._entry.meta
        head = Text.assemble(
            (self._entry.id, "bold"), (f"  {meta.level}, {meta.minutes} min", "dim")
        )
        right = f"{len(self._solved)} of {len(self._by_path)} solved"
        if self._due:
            right += f", {self._due} due"
        if not self._done:
            minutes = int(self._spent + self._now() - self._spent_at) // 60
            right = f"{minutes} min so far, {right}"
        note = self._working or self._note
        keys: Sequence[tuple[str, str]] = KEYS if self._view == "main" else BACK
        if self._view == "list":
            keys = CHOOSE
            head = Text.assemble(("Choose a kata: ", "bold"), self._filter, ("▏", "dim"))
        elif self._view == "hints":
            more = len(self._entry.meta.hints) - self._seen
            keys = ((("h", f"one more of {more}"),) if more else ()) + BACK
        if self._ask is not None:
            note, keys = self._ask[0], ANSWER
        page = Page(head, self._body[1], keys, note, self._top, right)
        self._top = min(self._top, page.lowest(size))
        if self._view == "list":
            middle = self._cursor - page.room(size) // 2
            page = replace(page, top=min(max(middle, 0), page.lowest(size)))
        return replace(page, top=self._top) if self._view != "list" else page

    def _lines(self, width: int) -> list[str]:
        problem = Wrapped(self._problem, "yellow")
        above = lines_of(width, lambda console: console.print(problem)) if self._problem else []
        return [*above, *self._view_lines(width)]

    def _view_lines(self, width: int) -> list[str]:
        entry, said = self._entry, words(self._entry, self._language)
        if self._view == "list":
            return self._list_lines(width)
        if self._view == "solution":
            return lines_of(width, lambda console: show_solution(console, entry, said))
        known = self._results.get(entry.id)
        hints = said.hints[: self._seen]
        below = lines_of(width, lambda console: _show_hints(console, hints)) if hints else []
        if self._view == "hints":
            return [*below, "", *(self._verdict_lines(width, known[1]) if known else [])]
        if self._view == "statement" or known is None or known[1].verdict is Verdict.NOT_STARTED:
            return lines_of(width, lambda console: show_statement(console, entry, said))
        seen = ["", *below] if hints and not known[1].passed else []
        return [*self._verdict_lines(width, known[1]), *seen]

    def _verdict_lines(self, width: int, verdict: KataResult) -> list[str]:
        entry, said = self._entry, words(self._entry, self._language)
        result = failing_first(verdict)
        lines = lines_of(width, lambda c: show_full(c, entry, result, said, advice=False))
        if self._done and result.passed and self._spent:
            lines.append(f"  Solved after {clock(self._spent)} minutes.")
        return lines

    def _list_lines(self, width: int) -> list[str]:
        lines = []
        for index, entry in enumerate(self._listed()):
            mark = "✓" if entry.id in self._solved else " " if is_pristine(entry) else "·"
            meta = entry.meta
            text = Text.assemble(
                ("› " if index == self._cursor else "  ", "bold cyan"),
                (mark, "green"),
                f" {entry.id:<40} {meta.level:<7}{meta.minutes:>3} min",
            )
            if index == self._cursor:
                text.stylize("bold")
            lines.append(fold(width, text))
        return lines or ["  no kata is called that: backspace"]
