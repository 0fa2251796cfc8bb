"""The desk where answers are graded while the screen stays alive: one warm engine, kept open."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dojo.launch import Warm
from dojo.practice.schedule import catch_up
from dojo.progress import Progress, ProgressError
from dojo.suite import Entry, Suite
from dojo.trouble import Trouble
from dojo.verdict import KataResult
from dojo.workspace import keep

if TYPE_CHECKING:
    from dojo.engine import Engine
    from dojo.grade import Grader

__all__ = ["Crashed", "Desk", "Graded", "Kept", "Sheet", "Troubled", "fingerprint"]

WORKERS: Final = 2
"""One may be held up by an endless loop while the mended answer is graded already."""
RESTLESS: Final = 5
"""How often a file is graded again because it was saved meanwhile."""


@dataclass(frozen=True)
class Sheet:
    """An answer to be graded: a kata, the file, and what the record is told about it."""

    entry: Entry
    path: Path
    how: str
    spent: float = 0.0
    interview: int | None = None


@dataclass(frozen=True)
class Graded:
    """A verdict on what the file holds now."""

    sheet: Sheet
    result: KataResult
    digest: str


@dataclass(frozen=True)
class Kept:
    """The verdict is in the record, or is not because of a problem."""

    sheet: Sheet
    is_new: bool
    problem: str = ""


@dataclass(frozen=True)
class Troubled:
    """A kata could not be graded, for a reason that has words."""

    sheet: Sheet
    message: str


@dataclass(frozen=True)
class Crashed:
    """Something broke that nobody foresaw; it must not be lost in a thread."""

    error: BaseException


Post = Callable[[Graded | Kept | Troubled | Crashed], None]


class Desk:
    """A context in which files are graded and recorded in the background; verdicts are posted.

    Of two versions of a file only the latest is heard of. What was posted as a verdict is in the
    record by the time the context ends.
    """

    def __init__(
        self, suite: Suite, record: Progress, post: Post, warm: Warm | None = None
    ) -> None:
        self._suite = suite
        self._record = record
        self._post = post
        self._warm = warm
        self._engine: Engine | None = None
        self._grader: Grader | None = None
        self._opening = threading.Lock()
        self._latest: dict[Path, int] = {}
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="desk")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._closed = False

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._engine is not None:
            self._engine.__exit__(None, None, None)  # ends what is still running, too
        self._pool.shutdown(wait=True)
        self._writing.shutdown(wait=True)  # last: whoever has a verdict may still record it

    @property
    def has_gaps(self) -> bool:
        """Whether some wall of the sandbox was found not to stand."""
        report = self._engine.report if self._engine else {}
        return any(found != "stands" for found in report.values())

    def grade(self, sheet: Sheet) -> None:
        """Grade a file soon; what is known of an earlier version of it no longer counts."""
        number = self._latest[sheet.path] = self._latest.get(sheet.path, 0) + 1
        self._start(self._grade, sheet, number)

    def prepare(self, sheet: Sheet) -> None:
        """Work out what a kata's answers are compared with, so that the first save is fast."""
        self._start(self._prepare, sheet)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except Trouble as error:
                sheet = arguments[0]
                assert isinstance(sheet, Sheet)
                self._tell(Troubled(sheet, str(error)))
            except BaseException as error:
                self._tell(Crashed(error))

        self._pool.submit(guarded)

    def _tell(self, news: Graded | Kept | Troubled | Crashed) -> None:
        if not self._closed:  # What fails because everything is being ended is no news.
            self._post(news)

    def _prepare(self, sheet: Sheet) -> None:
        from dojo.reference import Key

        grader = self._ready()
        key = Key.of(sheet.entry, "")
        grader.references.record(key)
        grader.references.mistakes(key)

    def _grade(self, sheet: Sheet, number: int) -> None:
        grader = self._ready()
        own = sheet.path == sheet.entry.stub
        for _ in range(RESTLESS):
            before = _content(sheet.path)
            if self._is_stale(sheet, number):
                return
            result = grader.grade(sheet.entry, None if own else sheet.path)
            if _content(sheet.path) == before:  # otherwise it was half saved
                break
            time.sleep(0.02)
        if self._is_stale(sheet, number):
            return
        self._tell(Graded(sheet, result, fingerprint(before)))
        if before is not None:
            self._writing.submit(self._keep, sheet, result, before)

    def _keep(self, sheet: Sheet, result: KataResult, answer: bytes) -> None:
        try:
            is_new = keep(
                self._record,
                result,
                answer,
                how=sheet.how,
                spent=sheet.spent,
                interview=sheet.interview,
            )
            if result.passed and is_new:
                catch_up(self._suite, self._record)
        except ProgressError as error:
            self._tell(Kept(sheet, False, str(error)))
        except BaseException as error:
            self._tell(Crashed(error))
        else:
            self._tell(Kept(sheet, is_new))

    def _is_stale(self, sheet: Sheet, number: int) -> bool:
        return self._closed or self._latest[sheet.path] != number

    def _ready(self) -> Grader:
        """Open the engine when the first answer comes, once."""
        with self._opening:
            if self._grader is None:
                from dojo.engine import Engine
                from dojo.grade import Grader

                engine = Engine(closed=[self._suite.root], warm=self._warm)
                self._engine = engine.__enter__()
                self._grader = Grader(engine, self._suite.root / ".dojo" / "expected")
            return self._grader


def fingerprint(data: bytes | None) -> str:
    """Return a short name for a file's content; a file that is not there has its own."""
    return "gone" if data is None else hashlib.sha256(data).hexdigest()[:16]


def _content(path: Path) -> bytes | None:
    with suppress(OSError):
        return path.read_bytes()
    return None
