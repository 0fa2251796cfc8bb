"""Start the warm process as early as possible: this module imports next to nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Final

from dojo.bubble import around, is_wanted

__all__ = ["MEMORY", "Settings", "Warm", "can_fork", "environment", "launch", "python"]

MEMORY: Final = 4 * 2**30


@dataclass(frozen=True)
class Settings:
    """What children may do."""

    sandbox: bool = True
    memory: int = MEMORY
    """Bytes of address space that an answer may add."""
    closed: tuple[str, ...] = ()
    """Folders that no child may be able to read, on pain of an error."""

    @property
    def arguments(self) -> str:
        """The settings as Python source."""
        return f"{self.sandbox!r}, {self.memory!r}, {self.closed!r}"


@dataclass(frozen=True)
class Warm:
    """A process that is importing torch, or has done so, and forks children when asked."""

    settings: Settings
    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: str
    """An empty folder, where it and its children are."""
    bubble: IO[bytes] | None = None
    """Where bubblewrap says the process's number, if it is around it."""

    @cached_property
    def pid(self) -> int:
        """The number of the process that forks children."""
        if self.bubble is None:
            return self.process.pid
        import json

        with self.bubble:
            text = self.bubble.read()
        return int(json.loads(text)["child-pid"]) if text else self.process.pid

    def end(self, *, at_once: bool = False) -> None:
        """End it with its children; doing it twice does no harm."""
        self.control.close()
        if at_once and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.process.kill()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()
        if self.bubble is not None:
            self.bubble.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def can_fork() -> bool:
    """Whether a process that has imported torch can be forked safely here."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(socket, "recv_fds")


def launch(settings: Settings, user: int | None = None, *, bubble: bool = True) -> Warm:
    """Start a warm process without waiting for it; root may have it run as another user.

    With a sandbox, bubblewrap stands around it where that is installed: see `dojo.bubble`.
    That user needs to reach Python and this package, and should be able to read nothing secret.
    """
    folder = tempfile.mkdtemp(prefix="dojo-")
    if user is not None:
        os.chown(folder, user, user)
    ours, theirs = socket.socketpair()
    # What root runs as another user shuts its memory even to that user's processes: its children.
    hidden = () if user is None else ("import ctypes", "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)")
    start = ("from dojo.warm import run", f"run({theirs.fileno()}, {settings.arguments})")
    command, passed = python(*hidden, *start), [theirs.fileno()]
    told: IO[bytes] | None = None
    if settings.sandbox and bubble and user is None and is_wanted():
        read_end, write_end = os.pipe()
        command, passed = around(command, folder, write_end), [*passed, write_end]
        told = os.fdopen(read_end, "rb")
    process = subprocess.Popen(
        command,
        pass_fds=passed,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment(),
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    theirs.close()
    if told is not None:
        os.close(passed[1])
    return Warm(settings, process, ours, folder, told)


def python(*statements: str) -> Sequence[str]:
    """Return a command that runs statements with this package and nothing of the user's."""
    here = str(Path(__file__).resolve().parent.parent)
    program = "; ".join([f"import sys; sys.path.insert(0, {here!r})", *statements])
    return [sys.executable, "-P", "-s", "-c", program]


def environment() -> dict[str, str]:
    """Return a small environment: the same everywhere, huge pages for cheap forks."""
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONMALLOC": "malloc",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
