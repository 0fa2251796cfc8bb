"""Attack every wall from inside a child, on the kernel that is here, and judge what came of it."""

from __future__ import annotations

import _thread
import mmap
import os
import select
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn, TypeAlias

from dojo.walls.kernel import WallError
from dojo.walls.raising import Prepared, Walls, prepare, raise_walls, strongest

if sys.platform == "linux":
    import fcntl
    import resource

__all__ = ["STANDS", "Sandbox", "begin_self_test", "full_sandbox", "self_test"]

STANDS: Final = "stands"


@dataclass(frozen=True)
class Sandbox:
    """What a self-test says of the whole sandbox: true where every wall stands."""

    gaps: tuple[str, ...]
    """What an answer could do, each with what came of it; what is not known counts as a gap."""

    def __bool__(self) -> bool:
        return not self.gaps


def full_sandbox(report: Mapping[str, str]) -> Sandbox:
    """Judge a report of `self_test`, such as `Engine.examine()` gives.

    An empty report comes of a sandbox that is off, or not tested yet: that is not a full one.
    """
    if not report:
        return Sandbox(("the sandbox is switched off, or has not been tested",))
    return Sandbox(tuple(f"{what}: {found}" for what, found in report.items() if found != STANDS))


Attack: TypeAlias = Callable[[], object]
_SELF_TEST_SECONDS: Final = 5.0


def self_test(closed: Iterable[str] = ()) -> dict[str, str]:
    """Attack every wall from inside a forked child and return "stands" or what happened.

    The attacks do no harm where they succeed. `closed` are files and folders, such as the
    project's, that the child must not be able to read. Call it before starting any thread.
    """
    return begin_self_test(closed)()


def begin_self_test(closed: Iterable[str] = ()) -> Callable[[], dict[str, str]]:
    """Begin a self-test, and return what waits for its end: meanwhile there is other work."""
    if sys.platform != "linux":
        return lambda: {"walls": "stand on Linux only"}
    stack = ExitStack()
    private = stack.enter_context(tempfile.NamedTemporaryFile())  # noqa: SIM115 - the stack does
    paths = (private.name, *closed)
    try:
        prepared = prepare(strongest(Walls(memory=2**26, descriptors=32)), closed=paths)
    except WallError as error:
        stack.close()
        return partial(dict, walls=str(error))
    read_end, write_end = os.pipe()
    attacks = _attacks(paths, f"{private.name}.new", os.getpid())
    pid = os.fork()
    if pid == 0:
        _attack(prepared, attacks, write_end)
    os.close(write_end)

    def finish() -> dict[str, str]:
        with stack:
            said = _listen(read_end, pid)
        if prepared.ruleset >= 0:
            os.close(prepared.ruleset)
        found = dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)
        if "walls" in found:
            return {"walls": found["walls"]}
        return {name: found.get(name, "falls: it ended the test") for name in attacks}

    return finish


def _attack(prepared: Prepared, attacks: dict[str, Attack], answer: int) -> NoReturn:
    try:
        # As in a real child: with many of the caller's descriptors left open, whatever opens one
        # would fail for want of numbers, and a wall that is not there would seem to stand.
        low, high = sorted((answer, max(prepared.ruleset, 2)))
        for first, last in ((3, low), (low + 1, high), (high + 1, os.sysconf("SC_OPEN_MAX"))):
            os.closerange(first, last)
        raise_walls(prepared)
        for name, attempt in attacks.items():
            os.write(answer, f"{name}\t{_outcome(attempt)}\n".encode())
    except WallError as error:
        os.write(answer, f"walls\t{error}\n".encode())
    finally:
        os._exit(0)


def _outcome(attempt: Attack) -> str:
    try:
        attempt()
    except FileNotFoundError as error:
        return f"unknown: {error}"
    except (OSError, MemoryError, RuntimeError, ValueError):
        return STANDS
    return "falls"


def _listen(read_end: int, pid: int) -> str:
    said = b""
    with open(read_end, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], _SELF_TEST_SECONDS)[0]:
            piece = pipe.read(4096)
            if not piece:
                break
            said += piece
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said.decode(errors="replace")


def _attacks(private: Iterable[str], new: str, parent: int) -> dict[str, Attack]:
    """Name what an answer may try; the last ones use up what the others need."""

    def write() -> None:
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(new)

    def make_folder() -> None:
        os.mkdir(new)
        os.rmdir(new)

    def lock() -> None:
        with open(os.__file__, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)
        os.wait()

    def use_descriptors() -> None:
        for _ in range(64):
            os.dup(0)

    home = os.path.expanduser("~")
    secrets = (*private, home) if os.path.isdir(home) else tuple(private)
    return {
        **{
            f"reading {path}": partial(_look_into, path) if os.path.exists(path) else _see_nothing
            for path in secrets
        },
        "reading /etc/passwd": lambda: _look_into("/etc/passwd"),
        "reading its own map": lambda: _look_into("/proc/self/maps"),
        "reading another's environment": lambda: _look_into(f"/proc/{parent}/environ"),
        "reading another's memory": lambda: _look_into(f"/proc/{parent}/mem"),
        "writing a file": write,
        "making a folder": make_folder,
        "locking a file": lock,
        "signalling another process": lambda: os.kill(parent, 0),
        "internet": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "local sockets": lambda: socket.socket(socket.AF_UNIX).close(),
        "changing the root": lambda: os.chroot("/"),
        "raising a limit": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "much memory": lambda: mmap.mmap(-1, 2**28).close(),
        "a new thread": lambda: _thread.start_new_thread(int, ()),
        "a new process": fork,
        "many descriptors": use_descriptors,
        "another program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    }


def _see_nothing() -> None:
    raise PermissionError("it is not in this process's view of the files")


def _look_into(path: str) -> None:
    """Open a file, or list a folder."""
    fd = os.open(path, os.O_RDONLY)
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.listdir(fd)
    os.close(fd)
