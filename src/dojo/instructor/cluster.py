"""Hand the same tasks to a dask cluster: machines that fail, join late or have other katas.

What crosses the network are bytes of JSON, ours to read: no object of a submission's is ever
pickled. Each task is sent to one worker that has shown that it has the same katas and engine; what
a worker that has gone was at is given to another one.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from dojo.command import note
from dojo.instructor.grade_all import Made
from dojo.instructor.grading import Submission
from dojo.instructor.work import Desk, OtherVersion, Task, Terms, assignment_of
from dojo.instructor.worker import Reply
from dojo.trouble import Trouble

__all__ = ["Cluster", "ClusterError", "greet", "perform"]

CONNECT_SECONDS: Final = 15
PATIENCE: Final = 120.0
"""Seconds without a single worker that can do the work."""
LOOK: Final = 0.5
"""Seconds between two looks at which workers there are."""
AHEAD: Final = 2
"""Tasks that a worker has at hand for each of its threads."""
TRIES: Final = 4
"""How many workers may go while they have a submission at hand, until it is left to a person."""

Item = TypeVar("Item")


class ClusterError(Trouble):
    """A cluster that cannot do the work; the message says why."""


# --- on a worker ----------------------------------------------------------------------------------


class _Place:
    """The engine of one worker process, begun when it is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        self._engine: Any = None

    def desk(self, *, sandbox: bool) -> Desk:
        """Return the desk, behind walls that stand in full unless told."""
        from dojo.engine import Engine
        from dojo.instructor.grading import Graders, demand_sandbox
        from dojo.suite import Suite

        with self._lock:
            if self._desk is None:
                suite = Suite.locate()
                self._engine = Engine(closed=[suite.root]).__enter__()
                self._desk = Desk(Graders(self._engine, suite), suite)
                atexit.register(self.close)
            engine = self._engine
        if sandbox:
            demand_sandbox(engine)
        assert self._desk is not None
        return self._desk

    def close(self) -> None:
        """End the engine."""
        with self._lock:
            engine, self._engine, self._desk = self._engine, None, None
        if engine is not None:
            engine.__exit__(None, None, None)


def _place() -> _Place:
    """Return what belongs to the worker that this runs on."""
    from distributed import get_worker

    worker: Any = get_worker()
    place: _Place = vars(worker).setdefault("dojo_place", _Place())
    return place


def greet(terms: bytes, sandbox: bool) -> str:
    """Return why this worker cannot do the work, or nothing."""
    from dojo.suite import Suite

    try:
        assignment_of(msgspec.json.decode(terms, type=Terms), Suite.locate())
        _place().desk(sandbox=sandbox)
    except Trouble as trouble:
        return str(trouble) or type(trouble).__name__
    return ""


def perform(task: bytes, sandbox: bool) -> bytes:
    """Do a task on a worker and return its `Reply`."""
    from dojo.engine import EngineError

    place = _place()
    try:
        marks = place.desk(sandbox=sandbox).do(msgspec.json.decode(task, type=Task))
        reply = Reply(marks)
    except (EngineError, OtherVersion) as trouble:
        place.close()
        reply = Reply(trouble=str(trouble), lost=True)
    except Trouble as trouble:
        reply = Reply(trouble=str(trouble))
    return msgspec.json.encode(reply, order="sorted")


# --- here -----------------------------------------------------------------------------------------


@dataclass
class _Job:
    item: Any
    task: Task
    tries: int = 0


@dataclass
class _Known:
    """What is known of the cluster's workers, by address."""

    asked: dict[str, Any] = field(default_factory=dict)
    """Those who have not answered yet."""
    threads: dict[str, int] = field(default_factory=dict)
    """Those who can do the work."""
    refused: dict[str, str] = field(default_factory=dict)


class Cluster:
    """A dask cluster as a crew."""

    def __init__(
        self,
        address: str,
        *,
        sandbox: bool,
        patience: float = PATIENCE,
        connect: float = CONNECT_SECONDS,
    ) -> None:
        self._address = address
        self._connect = connect
        self._sandbox = sandbox
        self._patience = patience
        self._client: Any = None
        self._known = _Known()
        self._terms = b""
        self._looked = 0.0

    def __enter__(self) -> Cluster:
        import distributed

        connect: Any = distributed.Client
        for name in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said here
        try:
            self._client = connect(self._address, timeout=self._connect)
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(
                f"no dask scheduler answers at {self._address} ({error}): start one with "
                "`dask scheduler`, and give its address as it prints it, tcp://HOST:8786"
            ) from None
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError, TimeoutError):
            self._client.close(timeout=5)

    def prepare(self, tasks: Sequence[Task]) -> Iterator[None]:
        """Do nothing: each worker computes what it needs, also one that comes late."""
        yield from ()

    def each(self, tasks: Iterable[tuple[Submission, Task]]) -> Iterator[tuple[Submission, Made]]:
        """Yield marks in whatever order they come."""
        fresh = iter(tasks)
        first = _next_job(fresh)
        if first is None:
            return
        self._terms = msgspec.json.encode(first.task.terms)
        again = deque([first])
        running: dict[Any, tuple[_Job, str]] = {}
        idle_since = time.monotonic()
        while True:
            self._look()
            for job in self._gone(running):
                if job.tries >= TRIES:
                    yield job.item, f"{TRIES} workers went away over it"
                else:
                    again.append(job)
            more = self._fill(running, again, fresh)
            if not running and not more:
                return
            if self._known.threads or self._known.asked:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > self._patience:
                raise ClusterError(self._nobody())
            for future in self._finished(running):
                job, address = running.pop(future)
                made = self._made(future, job, address)
                if made is None:
                    again.append(job)
                else:
                    yield job.item, made

    def _fill(
        self,
        running: dict[Any, tuple[_Job, str]],
        again: deque[_Job],
        fresh: Iterator[tuple[Submission, Task]],
    ) -> bool:
        """Give free workers something to do; False once nothing is left to be given."""
        busy = Counter(address for _, address in running.values())
        for address, threads in self._known.threads.items():
            while busy[address] < AHEAD * threads:
                job = again.popleft() if again else _next_job(fresh)
                if job is None:
                    return False
                running[self._send(perform, msgspec.json.encode(job.task), address)] = job, address
                busy[address] += 1
        return True

    def _send(self, function: Any, payload: bytes, address: str) -> Any:
        return self._client.submit(
            function,
            payload,
            self._sandbox,
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )

    def _finished(self, running: dict[Any, Any]) -> list[Any]:
        import distributed

        wait: Any = distributed.wait
        waiting = [*running, *self._known.asked.values()]
        if not waiting:
            time.sleep(LOOK)
            return []
        with suppress(TimeoutError):
            wait(waiting, timeout=LOOK, return_when="FIRST_COMPLETED")
        return [future for future in running if future.done()]

    def _made(self, future: Any, job: _Job, address: str) -> Made | None:
        """Return what came of a task; None where it has to be done again."""
        job.tries += 1
        if future.status != "finished":
            if job.tries >= TRIES:
                return f"{TRIES} workers could not do it ({future.status})"
            return None
        reply = msgspec.json.decode(future.result(), type=Reply)
        if reply.lost:
            self._known.threads.pop(address, None)  # it is asked once more what it can do
            return reply.trouble if job.tries >= TRIES else None
        if reply.trouble:
            raise Trouble(reply.trouble)
        return reply.marks

    def _look(self) -> None:
        """See which workers have come and gone, and ask those who are new."""
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        known = self._known
        try:
            there: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError):
            raise ClusterError(
                f"the scheduler at {self._address} is gone. What is graded is kept: start it "
                "again, and the same command goes on from there"
            ) from None
        for gone in (known.threads.keys() | known.asked.keys()) - there.keys():
            known.threads.pop(gone, None)
            known.asked.pop(gone, None)
        for address in there.keys() - known.asked.keys() - known.threads.keys():
            if address not in known.refused:
                known.asked[address] = self._send(greet, self._terms, address)
        for address, future in list(known.asked.items()):
            if not future.done():
                continue
            del known.asked[address]
            if future.status != "finished":
                self._refuse(address, _reason(future))
            elif why := future.result():
                self._refuse(address, why)
            else:
                known.threads[address] = there.get(address, 1)

    def _refuse(self, address: str, why: str) -> None:
        self._known.threads.pop(address, None)
        if address not in self._known.refused:
            self._known.refused[address] = why
            note(f"the worker {address} gets no work: {why}")

    def _gone(self, running: dict[Any, tuple[_Job, str]]) -> list[_Job]:
        """Take back what workers had at hand that are there no more."""
        lost = [future for future, (_, address) in running.items() if not self._is_there(address)]
        jobs = []
        for future in lost:
            if future.done() and future.status == "finished":
                continue
            job, _ = running.pop(future)
            job.tries += 1
            jobs.append(job)
            future.cancel()
        return jobs

    def _is_there(self, address: str) -> bool:
        return address in self._known.threads

    def _nobody(self) -> str:
        refused = [f"\n  {address}: {why}" for address, why in self._known.refused.items()]
        return (
            f"for {self._patience:.0f} seconds no worker of {self._address} could do the work. "
            "Start some with `dask worker`, in the folder of the same clone or with DOJO_ROOT "
            f"set to it{''.join(refused)}"
        )


def _next_job(fresh: Iterator[tuple[Submission, Task]]) -> _Job | None:
    found = next(fresh, None)
    return _Job(*found) if found else None


def _reason(future: Any) -> str:
    """Say why a worker could not even be asked."""
    error = future.exception() if future.status == "error" else None
    if isinstance(error, ModuleNotFoundError):
        return f"it lacks {error.name}: install the suite there, in the same version"
    return f"it does not understand the question ({type(error).__name__})"
