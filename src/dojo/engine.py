"""The parent's side: start children, hand them work, keep the clock, believe nothing they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol

import msgspec

from dojo import wire
from dojo.launch import MEMORY, Settings, Warm, can_fork, environment, launch, python
from dojo.trouble import Trouble
from dojo.wire import Began, Broken, Call, Channel, Failure, Job, Observed, Open, Reply, Walled

__all__ = ["Engine", "EngineError", "Hosts", "Run", "Silence"]

START_SECONDS: Final = 120.0
"""How long importing torch may take on a slow disk."""
LOAD_SECONDS: Final = 6.0
"""How long a learner's file may take to load."""
KEPT_OUTPUT: Final = 8192
MAX_TIMEOUTS: Final = 2
MAX_RECEIVED: Final = 2**27
"""Bytes of results from one answer: far more than any solution has, and little for this process."""

HEAVY: Final = (
    (re.compile(r"\boptim\b"), "torch.optim"),
    (re.compile(r"\bfunc\b|\bvmap\b"), "torch.func"),
    (re.compile(r"\bcheckpoint\b"), "torch.utils.checkpoint"),
)
"""What costs a child a second or half to import, and words that announce its use."""

Why = Literal["too slow", "stopped", "malformed", "too large", "not run"]


class EngineError(Trouble):
    """The engine itself cannot work; the message says what to do."""


@dataclass(frozen=True)
class Silence:
    """Why a case has no observation."""

    why: Why
    detail: str = ""


@dataclass
class Run:
    """Everything that came of one job."""

    began: Began | None = None
    broken: Failure | Silence | None = None
    ended: dict[int, Observed | Silence] = field(default_factory=dict)
    hosted: dict[int, tuple[tuple[str, wire.Node], ...]] = field(default_factory=dict)
    opened: dict[int, tuple[Open, ...]] = field(default_factory=dict)
    """The hosted objects that each case has asked for, in order."""
    seconds: dict[int, float] = field(default_factory=dict)
    printed: str = ""
    received: int = 0
    """Bytes of all results."""


class Hosts(Protocol):
    """Builds the objects that a case asks the parent to keep."""

    def __call__(self, name: str, seed: str, sizes: dict[str, Any]) -> Any: ...


def no_hosts(name: str, seed: str, sizes: dict[str, Any]) -> Any:
    """Host nothing."""
    raise ValueError(f"nothing called {name} can be hosted")


@dataclass
class _Child:
    """A running child as the parent holds it."""

    channel: Channel
    log_fd: int
    kill: Callable[[], None]
    status: Callable[[], int | None]
    """The exit status, negative for a signal; waits a moment; None if it is not known."""


class Engine:
    """A context in which jobs run: one warm process that forks, or fresh processes."""

    def __init__(
        self,
        *,
        fork: bool | None = None,
        sandbox: bool = True,
        memory: int = MEMORY,
        closed: Sequence[Path] = (),
        warm: Warm | None = None,
    ) -> None:
        """Choose how children start and what they may do; `warm` has been started ahead."""
        self.fork = can_fork() if fork is None else fork
        self.report: dict[str, str] = {}
        """What the sandbox's self-test found, wall by wall, once an answer has run."""
        self._settings = Settings(sandbox, memory, tuple(map(str, closed)))
        if warm is not None and (not self.fork or warm.settings != self._settings):
            warm.end(at_once=True)  # it was started for something else
            warm = None
        self._warm = warm
        self._ready = False
        self._loaded: set[str] = set()
        self._lock = threading.Lock()
        self._folder = ""

    def __enter__(self) -> Engine:
        """Start the warm process without waiting for it, unless it has been started ahead."""
        if self.fork:
            self._warm = self._warm or launch(self._settings)
        else:
            self._folder = tempfile.mkdtemp(prefix="dojo-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._warm is not None:
            self._warm.end(at_once=not self._ready)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def examine(self) -> dict[str, str]:
        """Return what the sandbox's self-test finds, before any answer runs; {} without a sandbox.

        `walls.full_sandbox` judges it.
        """
        if self.fork:
            with self._lock:
                self._wait_until_ready()
        elif self._settings.sandbox and not self.report:
            closed = self._settings.closed
            program = f"print(json.dumps(self_test({closed!r})))"
            done = subprocess.run(
                python("import json", "from dojo.walls import self_test", program),
                check=False,
                capture_output=True,
                cwd=self._folder,
                env=environment(),
            )
            said = done.stdout.decode(errors="replace")
            self.report = (
                json.loads(said)
                if done.returncode == 0
                else {"walls": "their self-test did not run"}
            )
        return self.report

    def _preload(self, job: Job) -> None:
        """Import what a job will want in the warm process, once, rather than in every child."""
        with self._lock:
            wanted = {
                module
                for word, module in HEAVY
                if module not in self._loaded
                and (word.search(job.source) or word.search(job.cases))
            }
            if wanted:
                control = self._wait_until_ready()
                control.send(b"import " + " ".join(sorted(wanted)).encode())
                self._hear(control)
                self._loaded |= wanted

    def run(
        self,
        job: Job,
        limits: Sequence[float],
        hosts: Hosts = no_hosts,
        *,
        opens: Sequence[tuple[Open, ...]] | None = None,
        patience: float = 1.0,
    ) -> Run:
        """Run every case of a job; a case that kills its child costs only itself.

        `limits` are seconds per case; `patience` stretches the time for loading the file.
        `opens` are the hosted objects that each case may ask for, in order; any unless told.
        """
        if self.fork:
            self._preload(job)
        run = Run()
        left = list(range(len(job.runs)))
        timeouts = 0
        load_seconds = LOAD_SECONDS * patience
        enough = time.monotonic() + MAX_TIMEOUTS * (max(limits, default=0.0) + load_seconds)
        while left:
            part = msgspec.structs.replace(job, runs=tuple(job.runs[index] for index in left))
            with self._child() as (child, log):
                self._attend(child, part, left, limits, hosts, opens, run, load_seconds)
            run.printed = run.printed or log.text()
            left = [index for index in left if index not in run.ended]
            if run.broken is not None:
                break
            last = max(run.ended, default=-1)
            silence = run.ended.get(last)
            timeouts += isinstance(silence, Silence) and silence.why == "too slow"
            why = ""
            if timeouts >= MAX_TIMEOUTS or time.monotonic() > enough:
                why = f"{timeouts} cases" if timeouts else "the cases before it"
                why += " ran out of time"
            elif run.received > MAX_RECEIVED:
                why = "the results before it were too large"
            if why:
                run.ended.update((index, Silence("not run", why)) for index in left)
                break
        return run

    def _attend(
        self,
        child: _Child,
        job: Job,
        indices: Sequence[int],
        limits: Sequence[float],
        hosts: Hosts,
        opens: Sequence[tuple[Open, ...]] | None,
        run: Run,
        load_seconds: float,
    ) -> None:
        """Talk with one child until it has answered every case or fallen silent."""
        deadline = time.monotonic() + load_seconds
        try:
            walled = child.channel.receive(deadline)
            if not isinstance(walled, Walled) or walled.problem:
                raise EngineError(f"The sandbox does not stand: {walled.problem or walled}")
            child.channel.send(job, deadline)
            first = child.channel.receive(deadline)
        except (wire.TimeIsUp, wire.Malformed, wire.ChannelClosed) as error:
            run.broken = _silence(error, child, load_seconds)
            return
        if not isinstance(first, Began):
            run.broken = (
                first.failure if isinstance(first, Broken) else Silence("malformed", "no beginning")
            )
            return
        run.began = first
        for position, index in enumerate(indices):
            start, before = time.monotonic(), child.channel.received
            kept = _Kept(hosts, job.runs[position][0], None if opens is None else opens[index])
            try:
                answer = _converse(child.channel, start + limits[index], kept)
                if answer.index != position:
                    raise wire.Malformed("an answer to another case")
                run.ended[index] = answer
                run.received += child.channel.received - before
                if run.received > MAX_RECEIVED:
                    return
            except (wire.TimeIsUp, wire.Malformed, wire.ChannelClosed) as error:
                run.ended[index] = _silence(error, child, limits[index])
                return
            finally:
                run.seconds[index] = time.monotonic() - start
                run.opened[index] = tuple(kept.opened)
                run.hosted[index] = tuple(
                    (message.name, wire.encode(thing.observed()))
                    for message, thing in zip(kept.opened, kept.things, strict=True)
                    if hasattr(thing, "observed")
                )

    @contextmanager
    def _child(self) -> Iterator[tuple[_Child, _Log]]:
        child = self._fork() if self.fork else self._spawn()
        log = _Log(child.log_fd)
        try:
            yield child, log
        finally:
            child.kill()
            child.channel.close()
            log.finish()

    def _wait_until_ready(self) -> socket.socket:
        assert self._warm is not None, "the engine is used outside its context"
        control = self._warm.control
        if not self._ready:
            control.settimeout(START_SECONDS)
            try:
                report = self._hear(control)
            except EngineError:
                if self._warm.bubble is None:
                    raise
                control = self._start_again()  # bubblewrap is not allowed everywhere
                report = self._hear(control)
            self.report = json.loads(report)
            self._ready = True
        return control

    def _start_again(self) -> socket.socket:
        """Start the warm process without bubblewrap around it."""
        assert self._warm is not None
        self._warm.end(at_once=True)
        self._warm = launch(self._settings, bubble=False)
        self._warm.control.settimeout(START_SECONDS)
        return self._warm.control

    def _hear(self, control: socket.socket) -> bytes:
        """Wait for the warm process to be ready, and return what it adds to that."""
        text = b""
        try:
            while not text.endswith(b"\n"):
                piece = control.recv(2**16)
                if not piece:
                    raise self._death()
                text += piece
        except OSError:
            raise self._death() from None
        return text[1:]

    def _death(self) -> EngineError:
        text = ""
        if self._warm is not None and self._warm.process.stderr is not None:
            self._warm.process.kill()
            text = self._warm.process.stderr.read().decode(errors="replace").strip()[-1500:]
        return EngineError(
            "The process that imports torch did not start. Install the project again "
            f"(delete .venv, then `nox -s grade`). It said:\n{text or '(nothing)'}"
        )

    def _fork(self) -> _Child:
        ours, theirs = socket.socketpair()
        log_read, log_write = os.pipe()
        status_read, status_write = os.pipe()
        with self._lock:
            control = self._wait_until_ready()
            try:
                socket.send_fds(control, [b"F"], [theirs.fileno(), log_write, status_write])
                message, fds, _, _ = socket.recv_fds(control, 1, 1)
            except OSError:
                raise self._death() from None
            if not message:
                raise self._death()
        theirs.close()
        os.close(log_write)
        os.close(status_write)
        pidfd = fds[0]
        ours.setblocking(False)
        fd = ours.detach()

        def kill() -> None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
            os.close(status_read)

        def status() -> int | None:
            return _read_status(status_read)

        return _Child(Channel(fd, fd, reads_child=True), log_read, kill, status)

    def _spawn(self) -> _Child:
        """Start a fresh process that imports torch for itself; slower, and works everywhere."""
        process = subprocess.Popen(
            python("from dojo.fresh import run", f"run({self._settings.arguments})"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._folder,
            env=environment(),
        )
        assert process.stdin and process.stdout and process.stderr
        read_fd, write_fd = os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno())
        channel = Channel(read_fd, write_fd, reads_child=True)
        log_fd = os.dup(process.stderr.fileno())
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

        def kill() -> None:
            process.kill()
            process.wait()

        def status() -> int | None:
            try:
                return process.wait(1)
            except subprocess.TimeoutExpired:
                return None

        try:
            channel.ready(START_SECONDS)
        except (wire.TimeIsUp, wire.ChannelClosed):
            process.kill()
            text = os.read(log_fd, 1500).decode(errors="replace")
            raise EngineError(
                f"A process that imports torch did not start. It said:\n{text}"
            ) from None
        return _Child(channel, log_fd, kill, status)


@dataclass
class _Kept:
    """The hosted objects of one case."""

    hosts: Hosts
    seed: str
    allowed: tuple[Open, ...] | None
    opened: list[Open] = field(default_factory=list)
    things: list[Any] = field(default_factory=list)

    def open(self, message: Open) -> int:
        """Build an object, if it is the next one that the case has a right to."""
        count = len(self.opened)
        if self.allowed is not None and self.allowed[count : count + 1] != (message,):
            raise ValueError("this is not what the case asks for")
        if count >= 64:
            raise ValueError("too many hosted objects")
        self.things.append(
            self.hosts(message.name, f"{self.seed}/{count}", wire.decode(message.sizes))
        )
        self.opened.append(message)
        return count


def _converse(channel: Channel, deadline: float, kept: _Kept) -> Observed:
    """Answer a case's calls until it ends."""
    while True:
        message = channel.receive(deadline)
        if isinstance(message, Observed):
            return message
        if isinstance(message, Open):
            reply = _reply(partial(kept.open, message))
        elif isinstance(message, Call):
            reply = _reply(partial(_call, message, kept))
        else:
            raise wire.Malformed("a message out of turn")
        channel.send(reply, deadline)


def _call(message: Call, kept: _Kept) -> Any:
    """Call a public method of a hosted object with decoded arguments."""
    if not 0 <= message.handle < len(kept.things):
        raise ValueError("no such object")
    name, thing = kept.opened[message.handle].name, kept.things[message.handle]
    public = message.method == "__call__" or not message.method.startswith("_")
    method = getattr(type(thing), message.method, None) if public else None
    if not callable(method) or message.method == "observed":
        raise AttributeError(f"{name} has no method {message.method}")
    try:
        args, kwargs = wire.decode(message.args), wire.decode(message.kwargs)
    except wire.Malformed:
        raise TypeError(
            f"{name} takes plain numbers, lists, arrays and tensors, not other objects"
        ) from None
    return method(thing, *args, **kwargs)


def _reply(work: Callable[[], Any]) -> Reply:
    try:
        return Reply(wire.encode(work()))
    except Exception as error:  # a hosted object refuses bad arguments by raising
        return Reply(failure=Failure((type(error).__name__,), str(error)[:500]))


def _silence(error: Exception, child: _Child, limit: float) -> Silence:
    if isinstance(error, wire.TimeIsUp):
        return Silence("too slow", f"{limit:.0f} s")
    if isinstance(error, wire.Malformed):
        return Silence("malformed", str(error))
    return Silence("stopped", _ending(child.status()))


def _ending(status: int | None) -> str:
    if status is None:
        return "closed its pipe"
    if status < 0:
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"ended itself with exit status {status}"


def _read_status(fd: int) -> int | None:
    import select

    if not select.select([fd], [], [], 1.0)[0]:
        return None
    data = os.read(fd, 4)
    return int.from_bytes(data, "little", signed=True) if len(data) == 4 else None


class _Log:
    """Drains what a child prints and keeps the beginning of it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._kept = bytearray()
        self._total = 0
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        try:
            while piece := os.read(self._fd, 2**16):
                self._total += len(piece)
                self._kept += piece[: KEPT_OUTPUT - len(self._kept)]
        except OSError:
            pass
        finally:
            os.close(self._fd)

    def finish(self) -> None:
        """Wait for the end of the pipe, though not for a grandchild that holds it open."""
        self._thread.join(0.5)

    def text(self) -> str:
        """Return what was printed, cut, as text."""
        text = self._kept.decode(errors="replace")
        if self._total > len(self._kept):
            text += f"\n… ({self._total / 1e6:.1f} MB in all)"
        return text
