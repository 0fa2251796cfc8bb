"""A process that grades for another one: tasks on stdin, results on stdout, a line of JSON each.

It ends when its stdin does, so that a killed parent leaves no worker behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import msgspec

from dojo.instructor.grading import Graders, Mark, demand_sandbox
from dojo.instructor.work import Desk, Task
from dojo.suite import Suite
from dojo.trouble import Trouble

__all__ = ["Lost", "Worker", "main"]

PATIENCE: Final = 5.0
"""Seconds that a worker has to end by itself."""


class Lost(Exception):
    """A worker that ended in the middle of its work."""


class Reply(msgspec.Struct):
    """What came of a task."""

    marks: tuple[Mark, ...] = ()
    trouble: str = ""
    lost: bool = False
    """Whether the engine is gone and with it this process."""


class Worker:
    """A worker process, as its parent holds it. For one thread at a time."""

    def __init__(self, root: Path, closed: tuple[Path, ...], *, sandbox: bool) -> None:
        """Start a process for the katas below `root`; answers may not read what is in `closed`."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "dojo.instructor.worker", str(root), str(int(sandbox))),
                *map(str, closed),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the parent, which ends this in order
        )
        self._ended = threading.Lock()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def do(self, task: Task) -> tuple[Mark, ...]:
        """Have a task done; Lost where the process has ended, Trouble where it cannot work."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(task) + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (OSError, ValueError):
            raise Lost from None
        if not line.endswith(b"\n"):
            raise Lost
        reply = msgspec.json.decode(line, type=Reply)
        if reply.lost:
            raise Lost(reply.trouble)
        if reply.trouble:
            raise Trouble(reply.trouble)
        return reply.marks

    def end(self, *, at_once: bool = False) -> None:
        """End the process with its children; from any thread, and more than once."""
        with self._ended:
            if at_once:
                self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                _close(stream)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:
        return  # what was to be written has no reader any more


def main(arguments: list[str]) -> None:
    """Grade what comes on stdin."""
    from dojo.engine import Engine, EngineError

    root, sandbox, *closed = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything here prints must not look like a result
    suite = Suite(Path(root))
    with Engine(closed=[Path(path) for path in closed]) as engine:
        desk = Desk(Graders(engine, suite), suite)
        checked = sandbox == "0"
        for line in sys.stdin.buffer:
            task = msgspec.json.decode(line, type=Task)
            try:
                if not checked:
                    demand_sandbox(engine)
                    checked = True
                reply = Reply(desk.do(task))
            except Trouble as trouble:
                reply = Reply(trouble=str(trouble), lost=isinstance(trouble, EngineError))
            try:
                out.write(msgspec.json.encode(reply, order="sorted") + b"\n")
                out.flush()
            except BrokenPipeError:  # the parent was killed, and nobody waits for this
                os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
                return
            if reply.lost:
                return


if __name__ == "__main__":
    main(sys.argv[1:])
