"""`dojo interview`: a mock round that can be interrupted at any moment.

Whatever happens is an event in the record before it counts; where the round stands is replayed
from them. The clock runs only while the round is on the screen, and is put on record every few
seconds, so that a kill costs no more than those.
"""

from __future__ import annotations

import os
import queue
import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dojo.launch import Warm
from dojo.practice.desk import Desk, Graded, Kept, Sheet, Troubled, fingerprint
from dojo.practice.history import clock, plain
from dojo.practice.round import MARKS, Round, plan, questions, replay
from dojo.practice.round_report import as_report
from dojo.practice.saves import Saved, Saves, Watching
from dojo.practice.schedule import readable
from dojo.practice.screen import Page, lines_of
from dojo.practice.terminal import Key, Terminal
from dojo.practice.watch import Tick, failing_first, run
from dojo.progress import DamagedRecord, Event, Interview, Progress, ProgressError
from dojo.report import show_full, show_statement
from dojo.suite import Entry, Suite
from dojo.translations import Language, words
from dojo.trouble import Trouble
from dojo.verdict import KataResult, Verdict
from dojo.workspace import stub_text, write_file
from dojo.wrapping import Wrapped

__all__ = ["AlreadyOpen", "InterviewScreen", "alone", "finish", "open_round", "sit", "unfinished"]

FOLDER: Final = "interviews"
HEARTBEAT: Final = 5.0
"""Seconds of the clock that a kill may cost."""
LONGEST_ANSWER: Final = 4000
CODING: Final = (("h", "hint"), ("s", "statement"), ("r", "run"), ("d", "give up"), ("p", "pause"))
YES_NO: Final = (("y", "yes"), ("n", "no"))


class AlreadyOpen(Trouble):
    """A round that is open in another terminal, or cannot be taken up."""


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Let one process at a time hold an interview; SQLite's lock ends with whoever holds it."""
    folder = root / ".dojo"
    folder.mkdir(exist_ok=True)
    with closing(
        sqlite3.connect(folder / "interview.lock", timeout=0, isolation_level=None)
    ) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise AlreadyOpen(
                "an interview is open in another terminal: end or pause it there"
            ) from None
        yield


def unfinished(record: Progress) -> Interview | None:
    """Return the latest round that was interrupted; one that was never begun is forgotten."""
    for interview in reversed(record.interviews()):
        if interview.ended is None and record.events(interview.id):
            return interview
        if interview.ended is None:
            record.discard_interview(interview.id)
    return None


def open_round(
    suite: Suite,
    record: Progress,
    language: Language,
    *,
    minutes: int,
    topics: Sequence[str] = (),
    level: str | None = None,
    seed: int | None = None,
) -> Interview:
    """Choose the katas and the questions of a round, and put them on record."""
    entries = readable(suite)
    recent = {
        part["kata"] for old in record.interviews()[-2:] for part in old.settings.get("parts", ())
    }
    seeds = [seed] if seed is not None else random.sample(range(1, 10**6), 20)
    for chosen in seeds:
        katas = plan(entries, minutes, chosen, topics, level)
        if not recent & {entry.id for entry in katas}:
            break
    folder = _new_folder(suite, record)
    return record.open_interview(
        {
            "minutes": minutes,
            "topics": list(topics),
            "level": level,
            "seed": chosen,
            "folder": folder,
            "parts": [
                {
                    "kata": entry.id,
                    "minutes": entry.meta.minutes,
                    "level": entry.meta.level,
                    "file": f"{folder}/{number}_{entry.name}.py",
                    "questions": questions(entry, chosen, language),
                }
                for number, entry in enumerate(katas, 1)
            ],
        }
    )


def _new_folder(suite: Suite, record: Progress) -> str:
    """Return a folder that no round has had, not even one whose record is lost."""
    taken = [path.name for path in (suite.root / FOLDER).glob("*")]
    numbers = [int(name) for name in taken if re.fullmatch(r"\d{1,6}", name)]
    numbers += [interview.id for interview in record.interviews()]
    return f"{FOLDER}/{max(numbers, default=0) + 1}"


def finish(record: Progress, interview: Interview) -> Interview:
    """Write the report of a round as far as it got, and end it."""
    state = replay(interview.settings, record.events(interview.id))
    record.close_interview(interview.id, as_report(state, interview.spent))
    return next(i for i in record.interviews() if i.id == interview.id)


def sit(
    suite: Suite,
    record: Progress,
    interview: Interview,
    language: Language,
    warm: Warm | None = None,
) -> Interview:
    """Hold the round until it is over or paused, and return it as it then is."""
    files = _files(suite, interview.settings)
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    folder = suite.root / interview.settings["folder"]
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {path.resolve() for path in files.values()}
    with (
        Desk(suite, record, news.put, warm) as desk,
        Saves([folder.resolve()], lambda path: path in wanted, news.put),
        Terminal(news.put) as terminal,
    ):
        screen = InterviewScreen(suite, record, desk, interview, language)
        try:
            run(screen, terminal, news)
        except KeyboardInterrupt:
            pass
        finally:
            screen.pause()
    now = next(i for i in record.interviews() if i.id == screen.id)
    if screen.state.ended and now.ended is None:
        return finish(record, now)
    return now


def _files(suite: Suite, settings: Mapping[str, Any]) -> dict[str, Path]:
    """Return the file of each kata, by what it was called when the round began."""
    return {part["kata"]: suite.root / part["file"] for part in settings["parts"]}


class InterviewScreen:
    """What a round shows, and what keys and saves do to it."""

    def __init__(
        self,
        suite: Suite,
        record: Progress,
        desk: Desk,
        interview: Interview,
        language: Language = "en",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.over = False
        self._suite, self._record, self._desk = suite, record, desk
        self._interview, self._language, self._now = interview, language, now
        self._settings = interview.settings
        self._files = _files(suite, self._settings)
        self._entries = {}
        for part in self._settings["parts"]:
            (entry,) = suite.find(part["kata"])  # by its former id, too
            self._entries[part["kata"]] = entry
        # Derived before the clock starts: the first one costs an import.
        self._stubs = {id: stub_text(entry) for id, entry in self._entries.items()}
        self._events = record.events(interview.id)
        self._pending: list[tuple[str, str, dict[str, object]]] = []
        self.state: Round = replay(self._settings, self._events)
        self._base, self._since = interview.spent, now()
        self._ticked = interview.spent
        self._result: KataResult | None = None
        self._digest: str | None = None
        self._statement, self._top = False, 0
        self._note = self._problem = self._working = ""
        self._draft = self.state.draft
        self._question: tuple[str, Callable[[], None], Callable[[], None]] | None = None
        self._version = 0
        self._body: tuple[object, list[str]] = (None, [])
        self._asked_for_time = False
        if self._events:
            self._note = "resumed: the clock goes on from here"
        if self.state.stage == "coding":
            self._begin_kata()

    # --- the clock and the record -----------------------------------------------------------------

    @property
    def id(self) -> int:
        """The number of this round in the record."""
        return self._interview.id

    @property
    def spent(self) -> float:
        """Seconds of the round's clock, which stands still before the beginning."""
        if not self.state.began:
            return 0.0
        return self._base + self._now() - self._since

    @property
    def patience(self) -> float:
        """Seconds until the clock shows something else."""
        return 0.25

    def _log(self, kind: str, **data: object) -> None:
        """Put on record what happened, and let it count."""
        spent = self.spent
        self._events.append(Event(0, time.time(), spent, kind, "", data))
        self.state = replay(self._settings, self._events)
        part = data.get("part", self.state.index)
        kata = self.state.parts[int(str(part))].kata
        self._pending.append((kind, kata, {**data, "spent": spent}))
        self._save_pending()

    def _save_pending(self) -> None:
        try:
            while self._pending:
                kind, kata, data = self._pending[0]
                spent = float(str(data["spent"]))
                rest = {name: value for name, value in data.items() if name != "spent"}
                self._record.log(self._interview.id, spent, kind, kata, **rest)
                self._pending.pop(0)
            self._problem = ""
        except DamagedRecord as error:
            self._begin_record_anew(error)
        except ProgressError as error:
            self._problem = f"not recorded yet: {error}"

    def _begin_record_anew(self, error: DamagedRecord) -> None:
        """Put all of the round into the new record: it is still known here."""
        self._problem = str(error)
        with suppress(ProgressError):
            self._interview = self._record.open_interview(self._settings)
            parts = self._settings["parts"]
            self._pending = [
                (
                    event.kind,
                    parts[event.data.get("part", 0)]["kata"],
                    {**event.data, "spent": event.spent},
                )
                for event in self._events
            ]
            self._save_pending()
            self._problem = f"{error.args[0].partition(':')[0]}; this interview is in the new one"

    def _beat(self) -> None:
        if self.state.began and self.spent - self._ticked >= HEARTBEAT:
            self._ticked = self.spent
            if self._draft != self.state.draft:
                self._log("draft", text=self._draft)
                return
            try:
                self._record.tick(self._interview.id, self.spent)
            except DamagedRecord as error:
                self._begin_record_anew(error)
            except ProgressError:
                pass  # The next beat comes.
            if self._pending:
                self._save_pending()

    def pause(self) -> None:
        """Put the clock and what is typed on record."""
        if not self.state.began:
            return
        if self._draft != self.state.draft:
            self._log("draft", text=self._draft)
        if not self.state.ended:
            self._log("paused")
        else:
            self._save_pending()

    # --- what happens -----------------------------------------------------------------------------

    def handle(self, event: Any) -> None:
        """Take in whatever has happened."""
        self._version += not isinstance(event, Tick)
        if isinstance(event, Key):
            self._press(event.name)
        elif isinstance(event, Saved):
            if self.state.stage == "coding" and self._path.resolve() in event.paths:
                self._check()
        elif isinstance(event, Watching):
            if self.state.stage == "coding":
                self._check()
        elif isinstance(event, Graded):
            self._graded(event)
        elif isinstance(event, Kept) and event.problem:
            self._problem = f"not recorded: {event.problem}"
        elif isinstance(event, Troubled):
            self._working, self._note = "", event.message
        self._beat()
        time_is_up = self.spent >= 60 * self.state.minutes and not self.state.overtime
        if time_is_up and self.state.stage == "coding" and not self._asked_for_time:
            self._asked_for_time = True
            self._question = ("the time is up. Go on all the same?", self._go_on, self._end)

    @property
    def _path(self) -> Path:
        return self._files[self.state.part.kata]

    @property
    def _entry(self) -> Entry:
        return self._entries[self.state.part.kata]

    def _begin_kata(self) -> None:
        """Lay out a clean file, unless it is there from before an interruption."""
        self._result, self._digest, self._top, self._statement = None, None, 0, False
        if not self._path.exists():
            write_file(self._path, self._stubs[self.state.part.kata])
        if self.state.part.began is None:
            self._log("kata", part=self.state.index)
            with suppress(ProgressError):
                self._record.begin(self._entry.id, "interview", self._interview.id)
        stub = self._stubs[self.state.part.kata]
        if self._path.read_bytes() != stub:
            self._check()
        else:
            self._digest = fingerprint(stub)
            self._desk.prepare(self._sheet)

    @property
    def _sheet(self) -> Sheet:
        return Sheet(self._entry, self._path, "interview", interview=self._interview.id)

    def _check(self, *, force: bool = False) -> None:
        try:
            digest = fingerprint(self._path.read_bytes())
        except OSError:
            return  # It is being written anew, or is gone: the next save comes.
        if digest == self._digest and not force:
            return
        self._working, self._note = "grading …", ""
        self._desk.grade(self._sheet)

    def _graded(self, event: Graded) -> None:
        if self.state.stage != "coding" or event.sheet.path != self._path:
            return
        self._working, self._statement, self._top = "", False, 0
        self._result, result = event.result, event.result
        self._digest = event.digest
        known = event.digest == self.state.part.digest  # graded before, and before an interruption
        if result.verdict is Verdict.NOT_STARTED or (known and not result.passed):
            return
        whys = [case.why for case in result.cases if case.why]
        self._log(
            "graded",
            part=self.state.index,
            digest=event.digest,
            verdict=str(result.verdict),
            passed=result.n_passed,
            total=len(result.cases),
            mistakes=list(dict.fromkeys(whys)),
        )
        if result.passed:
            self._question = None
            self._log("passed", part=self.state.index)
            self._note = (
                f"solved after {clock(self.spent - (self.state.parts[self._n(event)].began or 0))}"
            )
            self._go_to_next()

    def _n(self, event: Graded) -> int:
        return next(
            n for n, p in enumerate(self.state.parts) if self._files[p.kata] == event.sheet.path
        )

    def _go_to_next(self) -> None:
        """Go on with whatever is at hand now: a question, a kata, or the end."""
        self._top = 0
        stage = self.state.stage
        if stage == "coding":
            late = self.spent >= 60 * self.state.minutes
            if late and not self.state.overtime:
                self._end()
            else:
                self._begin_kata()
        elif stage == "over":
            self._end()

    def _end(self) -> None:
        self._log("ended")
        self.over = True

    def _go_on(self) -> None:
        self._log("overtime")

    # --- keys -------------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        if self._question is not None:
            _, yes, no = self._question
            if key in ("y", "Y"):
                self._question = None
                yes()
            elif key in ("n", "N"):
                self._question = None
                no()
            return
        move = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}.get(key)
        if move is not None:
            self._top = max(self._top + move, 0)
            return
        stage = self.state.stage
        if stage == "briefing":
            self._press_in_briefing(key)
        elif stage == "coding":
            self._note = ""
            self._press_in_coding(key)
        elif stage == "asking":
            self._note = ""
            self._type(key)
        elif stage == "marking" and key in ("1", "2", "3"):
            part, asked = self.state.index, self.state.question
            number = self.state.part.asked.index(asked)
            self._log("marked", part=part, question=number, mark=int(key))
            self._note = ""
            self._go_to_next()

    def _press_in_briefing(self, key: str) -> None:
        if key == "enter":
            self._since = self._now()
            self._log("began")
            self._begin_kata()
        elif key in ("q", "p"):
            self.over = True

    def _press_in_coding(self, key: str) -> None:
        if key == "h":
            self._hint()
        elif key == "s":
            self._statement, self._top = not self._statement, 0
        elif key == "r":
            self._check(force=True)
        elif key == "d":
            self._question = (f"give {self._entry.name} up?", self._give_up, self._stay)
        elif key in ("p", "q"):
            self._question = ("pause the round? The clock stops", self._stop, self._stay)
        elif key == "e":
            self._note = "nobody explains in an interview: the report says what to revise"

    def _stop(self) -> None:
        self.over = True

    def _stay(self) -> None:
        pass

    def _hint(self) -> None:
        if self.state.part.hints >= len(self._entry.meta.hints):
            self._note = "that was the last hint"
            return
        self._log("hint", part=self.state.index)
        with suppress(ProgressError):
            self._record.saw_hint(self._entry.id, "interview", interview=self._interview.id)
        self._top = 0

    def _give_up(self) -> None:
        self._log("left", part=self.state.index)
        self._go_to_next()

    def _type(self, key: str) -> None:
        if key == "enter":
            part, asked = self.state.index, self.state.question
            number = self.state.part.asked.index(asked)
            text, self._draft = self._draft.strip(), ""
            self._log("answered", part=part, question=number, text=text)
        elif key == "backspace":
            self._draft = self._draft[:-1]
        elif len(key) == 1 and len(self._draft) < LONGEST_ANSWER:
            self._draft += key

    # --- what is seen -----------------------------------------------------------------------------

    def page(self, size: tuple[int, int]) -> Page:
        """Return what is to be seen now."""
        stage = self.state.stage
        keys: Sequence[tuple[str, str]] = {
            "briefing": (("enter", "begin: the clock starts"), ("q", "not now")),
            "coding": CODING,
            "asking": (("enter", "done, with or without a written answer"),),
            "marking": tuple((str(n), mark) for n, mark in MARKS.items()),
            "over": (),
        }[stage]
        note = self._working or self._note
        if self._question is not None:
            note, keys = self._question[0], YES_NO
        key = (self._version, self._problem, size)
        if self._body[0] != key:  # The clock alone draws no body again.
            self._body = (key, lines_of(size[0], self._draw))
        body = self._body[1]
        number = f"{self.state.index + 1} of {len(self.state.parts)}"
        head = Text.assemble(("Interview", "bold"), f"  kata {number}: {self._entry.name}")
        if stage == "briefing":
            head = Text("Interview", "bold")
        page = Page(head, body, keys, note, self._top, self._clock())
        self._top = min(self._top, page.lowest(size))
        if stage == "asking":  # what is being typed stays in sight
            page = replace(page, top=page.lowest(size))
        return page

    def _clock(self) -> str:
        left = 60 * self.state.minutes - self.spent
        text = f"{clock(left)} left" if left > 0 else f"{clock(-left)} over time"
        part = self.state.part
        if part.began is not None and self.state.stage == "coding":
            text = f"this one {clock(self.spent - part.began)} of {part.minutes}:00, {text}"
        return text

    def _draw(self, console: Console) -> None:
        if self._problem:
            console.print(Wrapped(self._problem, "yellow"))
        stage = self.state.stage
        if stage == "briefing":
            self._draw_briefing(console)
        elif stage == "coding":
            self._draw_coding(console)
        elif stage in ("asking", "marking"):
            self._draw_question(console)

    def _draw_briefing(self, console: Console) -> None:
        parts = self.state.parts
        kinds = ", then ".join(f"{part.level} ({part.minutes} minutes)" for part in parts)
        for text in (
            f"A mock round of {self.state.minutes} minutes: {kinds}.",
            "Each kata begins from a clean file, and each save is graded. Hints may be asked for "
            "and are noted. A failing case is named, but not the mistake behind it: that stands "
            "in the report.",
            "After each pass you are asked what an interviewer asks next. Answer aloud, or write; "
            "then mark yourself against a model answer.",
            "An interruption loses nothing: `dojo interview --resume` goes on, with the clock "
            "where it stood.",
            f"Your files will be in {self._settings['folder']}/: open that folder in your editor "
            "now.",
        ):
            console.print(Wrapped(text))
            console.print()

    def _draw_coding(self, console: Console) -> None:
        entry, said = self._entry, words(self._entry, self._language)
        path = os.path.relpath(self._path, self._suite.root)
        console.print(Text.assemble("Write it in ", (path, "bold cyan")))
        for number, hint in enumerate(said.hints[: self.state.part.hints], 1):
            console.print(Padding(Wrapped(f"Hint {number}: {hint}", "yellow"), (0, 0, 0, 2)))
        console.print()
        result = self._result
        if result is None or self._statement or result.verdict is Verdict.NOT_STARTED:
            show_statement(console, entry, said, path)
            return
        # What is wrong is shown for the first case that fails; the mistake is for the report.
        first = next((c for c in result.cases if c.verdict is not Verdict.PASSED), None)
        bare = tuple(
            replace(case, why="", details=case.details if case is first else ())
            for case in result.cases
        )
        show_full(console, entry, failing_first(replace(result, cases=bare)), said, advice=False)

    def _draw_question(self, console: Console) -> None:
        asked = self.state.question
        number = self.state.part.asked.index(asked) + 1
        console.print(Text(f"Follow-up {number} of {len(self.state.part.asked)}", "dim"))
        console.print()
        console.print(Wrapped(asked.question, "bold"))
        console.print()
        if self.state.stage == "asking":
            console.print(
                Text("Answer aloud, or write it here. Enter shows a model answer.", "dim")
            )
            console.print()
            console.print(Wrapped(f"> {self._draft}▏"))
            return
        console.print(Text("Your answer", "bold"))
        answer = plain(asked.answer)
        console.print(Padding(Wrapped(answer or "(aloud)"), (0, 0, 0, 2), expand=False))
        console.print()
        console.print(Text("A model answer", "bold"))
        console.print(Padding(Wrapped(asked.model), (0, 0, 0, 2), expand=False))
        console.print()
        console.print(Text("How was yours?  1 missed   2 partly   3 had it"))
