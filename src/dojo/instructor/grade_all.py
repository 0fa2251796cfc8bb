"""Grade a class: many workers, results that survive a kill, nothing graded twice or lost."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Graded, Mark, Submission, assemble, failed_marks
from dojo.instructor.results import Results, key_of
from dojo.instructor.work import Task, task_of, terms_of
from dojo.instructor.worker import Lost, Worker
from dojo.trouble import Trouble

__all__ = ["Crew", "Done", "Local", "Made", "grade_all"]

TRIES: Final = 3
"""How many workers a submission may bring down before it is left to a person."""
FEW: Final = 3
"""So many submissions in a row that nobody can grade mean that the machine is to blame."""


Item = TypeVar("Item")
Made: TypeAlias = tuple[Mark, ...] | str
"""What came of a task: marks, or why nobody could make them."""


@dataclass(frozen=True)
class Done:
    """One submission that is finished."""

    graded: Graded
    again: bool = False
    """Whether it had been graded before and was only read."""


@dataclass(frozen=True)
class _News(Generic[Item]):
    """What a thread says: a task is done, or it cannot go on, or with neither it is through."""

    item: Item | None
    made: Made
    error: BaseException | None = None


class Crew(Protocol):
    """Who does the tasks: processes here, or a cluster."""

    def prepare(self, tasks: Sequence[Task]) -> Iterator[None]:
        """Do what every later task needs, and yield once for each that is done."""

    def each(self, tasks: Iterable[tuple[Submission, Task]]) -> Iterator[tuple[Submission, Made]]:
        """Yield marks in whatever order they come, or why nobody could make them."""


def grade_all(
    assignment: Assignment,
    submissions: Sequence[Submission],
    results: Results,
    crew: Callable[[], Crew],
    *,
    force: bool = False,
    preparing: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Done]:
    """Yield every submission as it is done; what an earlier run has done comes first.

    Call it inside `results.writing()`. The crew is only called if there is work. Closing the
    iterator early loses nothing that has been yielded.
    """
    keys = {submission.student: key_of(assignment, submission) for submission in submissions}
    left, failed = [], []
    for submission in submissions:
        known = None if force else results.load(submission.student, keys[submission.student])
        if known is None:
            left.append(submission)
        elif known.failed:
            failed.append(submission)
        else:
            yield Done(known, again=True)
    left += failed  # last, so that those who bring down workers do not keep the others waiting
    if not left:
        return
    workers = crew()
    before = _preparations(assignment, left)
    preparing(0, len(before))
    for done, _ in enumerate(workers.prepare(before), 1):
        preparing(done, len(before))
    in_a_row = 0
    ours = True  # whether the machine may be to blame: it has graded nobody
    for submission, made in workers.each((s, task_of(assignment, s)) for s in left):
        why = ""
        if isinstance(made, str):
            in_a_row += ours or submission not in failed
            why = made
            made = failed_marks(assignment.chosen(submission.version).assignment, why)
        else:
            in_a_row, ours = 0, False
        graded = assemble(assignment, submission, made)
        results.store(keys[submission.student], graded)
        if why and in_a_row >= FEW:
            raise Trouble(
                f"{in_a_row} submissions one after the other could not be graded, so it is not "
                f"them: {why}. Run it again: they come last then"
            )
        yield Done(graded)


def _preparations(assignment: Assignment, left: Sequence[Submission]) -> list[Task]:
    """Return what can be computed once for all: nothing, where each student has other inputs."""
    if assignment.per_student:
        return []
    found: dict[tuple[str, str], Task] = {}
    for submission in left:
        used = assignment.chosen(submission.version).assignment
        for part in used.parts:
            if (used.version, part.kata) not in found:
                task = Task(terms_of(used), used.salt(), prepare=part.kata)
                found[used.version, part.kata] = task
    return list(found.values())


class Local:
    """Worker processes on this machine."""

    def __init__(self, jobs: int, start: Callable[[], Worker]) -> None:
        self._jobs = jobs
        self._start = start
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._ended = False

    @classmethod
    def of(
        cls, assignment: Assignment, jobs: int, *, sandbox: bool, closed: Sequence[Path]
    ) -> Local:
        """Return workers for the katas of an assignment."""
        root = assignment.suite.root

        def start() -> Worker:
            there = tuple(path for path in closed if path.exists())
            return Worker(root, (root, *there), sandbox=sandbox)

        return cls(jobs, start)

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """End all workers at once; what they were at is done again by the next run."""
        with self._lock:
            self._ended = True
            workers = list(self._workers)
        for worker in workers:
            worker.end(at_once=True)

    def finish(self) -> None:
        """Let idle workers end by themselves, so that what they cost is counted."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def prepare(self, tasks: Sequence[Task]) -> Iterator[None]:
        """Compute what is expected; a kata that is broken raises Trouble."""
        for _, made in self._spread((task, task) for task in tasks):
            if isinstance(made, str):
                raise Trouble(f"nothing can be graded: {made}")
            yield

    def each(self, tasks: Iterable[tuple[Submission, Task]]) -> Iterator[tuple[Submission, Made]]:
        """Yield marks as they come."""
        yield from self._spread(tasks)

    def _spread(self, tasks: Iterable[tuple[Item, Task]]) -> Iterator[tuple[Item, Made]]:
        """Let every worker take the next task when it is free."""
        waiting = iter(tasks)
        turn = threading.Lock()
        made: queue.SimpleQueue[_News[Item]] = queue.SimpleQueue()

        def take() -> tuple[Item, Task] | None:
            with turn:
                return next(waiting, None)

        def serve() -> None:
            try:
                worker: Worker | None = None
                while not self._ended and (taken := take()) is not None:
                    item, task = taken
                    worker, marks = self._try(worker, task)
                    made.put(_News(item, marks))
            except BaseException as error:
                made.put(_News(None, (), error))
            finally:
                made.put(_News(None, (), None))
                if worker is not None:
                    self._idle.append(worker)

        threads = [threading.Thread(target=serve, daemon=True) for _ in range(self._jobs)]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            news = made.get()
            if news.error is not None:
                raise news.error
            if news.item is None:
                running -= 1
            else:
                yield news.item, news.made

    def _try(self, worker: Worker | None, task: Task) -> tuple[Worker | None, Made]:
        """Do a task; with a new worker where one was lost, and no more than a few times."""
        why = ""
        for _ in range(TRIES):
            worker = worker or self._next()
            try:
                return worker, worker.do(task)
            except Lost as lost:
                why = str(lost)
                self._drop(worker)
                worker = None
                if self._ended:
                    break
        return worker, f"{TRIES} workers ended over it{f': {why}' if why else ''}"

    def _next(self) -> Worker:
        with self._lock, suppress(IndexError):
            return self._idle.pop()
        worker = self._start()
        with self._lock:
            self._workers.add(worker)
            late = self._ended
        if late:
            worker.end(at_once=True)
        return worker

    def _drop(self, worker: Worker) -> None:
        worker.end(at_once=True)
        with self._lock:
            self._workers.discard(worker)
