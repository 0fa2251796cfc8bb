"""A terminal for tests: a real one for the process in it, and a screen that can be asked about."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PseudoTerminal", "in_terminal"]

FRAME = re.compile(r"\x1b\[\?2026h\x1b\[H(.*?)\x1b\[J\x1b\[\?2026l", re.DOTALL)
STYLE = re.compile(r"\x1b\[[0-9;]*[mK]")
SECONDS = 90


class PseudoTerminal:
    """A process with a terminal of its own, and all that it has written there."""

    def __init__(self, arguments: Sequence[str], folder: Path, size: tuple[int, int]) -> None:
        self.master, self.slave = pty.openpty()
        self._set_size(size)
        self.modes = termios.tcgetattr(self.slave)
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        for name in ("COLUMNS", "LINES", "DOJO_ROOT", "NO_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dojo", *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=folder,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._data = b""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def written(self) -> str:
        """Everything that came so far."""
        return self._data.decode(errors="replace")

    @property
    def screen(self) -> list[str]:
        """The last frame that is whole, without colours."""
        frames = FRAME.findall(self.written)
        return STYLE.sub("", frames[-1]).split("\r\n") if frames else []

    def wait_for(self, *texts: str) -> list[str]:
        """Wait until all of these stand on the screen, and return it."""
        self.until(lambda: all(text in "\n".join(self.screen) for text in texts), texts)
        return self.screen

    def until(self, holds: Callable[[], bool], what: object = "") -> None:
        """Wait until something holds, for as long as a busy machine may need."""
        deadline = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > deadline or (self.process.poll() is not None and not holds()):
                tail = "\n".join(self.screen) + f"\n---\n{self.written[-800:]}"
                raise AssertionError(f"{what} did not come; what came was\n{tail}")
            time.sleep(0.02)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size; the process is told as by any terminal."""
        self._set_size((columns, rows))
        os.killpg(self.process.pid, signal.SIGWINCH)

    def end(self) -> int:
        """Wait for the process's end and return its status."""
        return self.process.wait(SECONDS)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        self._closed.set()
        self._thread.join()  # It is not closed while somebody still reads.
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    @property
    def is_restored(self) -> bool:
        """Whether lines, echo and the ordinary screen are back."""
        back = self.written.rfind("\x1b[?1049l") > self.written.rfind("\x1b[?1049h")
        cursor = self.written.rfind("\x1b[?25h") > self.written.rfind("\x1b[?25l")
        return back and cursor and termios.tcgetattr(self.slave) == self.modes

    def _set_size(self, size: tuple[int, int]) -> None:
        columns, rows = size
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                ready, _, _ = select.select([self.master], [], [], 0.05)
                piece = os.read(self.master, 2**16) if ready else b""
            except OSError:
                return
            if not ready:
                continue
            if not piece:
                return
            self._data += piece

    def close(self) -> None:
        """End what is still running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        self._closed.set()
        self._thread.join()
        for fd in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)


@contextmanager
def in_terminal(
    *arguments: str, folder: Path, size: tuple[int, int] = (80, 24)
) -> Iterator[PseudoTerminal]:
    """Run a `dojo` command in a terminal of its own."""
    terminal = PseudoTerminal(arguments, folder, size)
    try:
        yield terminal
    finally:
        terminal.close()
