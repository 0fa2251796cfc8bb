"""A terminal of one's own for a while: single keys, a whole screen, and all put back at the end."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Final

__all__ = ["Closed", "Key", "Resized", "Terminal", "is_terminal", "parse_keys"]

WINDOWS: Final = sys.platform == "win32"
ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H"
"""The alternate screen, without cursor, empty."""
LEAVE: Final = "\x1b[?25h\x1b[?1049l"
NAMED: Final = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1b[5~": "pageup",
    "\x1b[6~": "pagedown",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\t": "tab",
    "\x1b": "escape",
    "\x04": "end of input",
}
WINDOWS_KEYS: Final = {
    "H": "up",
    "P": "down",
    "K": "left",
    "M": "right",
    "G": "home",
    "O": "end",
    "I": "pageup",
    "Q": "pagedown",
}
SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z])|.", re.DOTALL)
UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


@dataclass(frozen=True)
class Key:
    """A key that was pressed: a character, or a name such as `up`."""

    name: str


@dataclass(frozen=True)
class Resized:
    """The window has another size, or must be drawn again."""


@dataclass(frozen=True)
class Closed:
    """The terminal is gone."""


Post = Callable[[Key | Resized | Closed], None]


def is_terminal() -> bool:
    """Whether somebody sits there who can press keys and see a screen."""
    try:
        both = sys.stdin.isatty() and sys.stdout.isatty()
    except ValueError:  # closed
        return False
    return both and os.environ.get("TERM", "") not in ("dumb", *([] if WINDOWS else [""]))


def parse_keys(text: str) -> Iterator[str]:
    """Yield the keys that a terminal's bytes mean; sequences that mean none are left out."""
    for found in SEQUENCE.findall(text):
        name = NAMED.get(re.sub(r"^\x1bO", "\x1b[", found), found)
        if len(name) > 1 and name.startswith("\x1b"):
            continue
        if len(name) > 1 or name.isprintable():
            yield name


class Terminal:
    """A context in which keys are posted one by one and lines are drawn on the whole screen.

    Ctrl-C raises KeyboardInterrupt as ever. Ctrl-Z gives the terminal back for as long as the
    process is stopped; a signal to end, and a terminal that is closed, end in order too.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._drawn: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._modes: list[object] | None = None
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Terminal:
        self._take()
        if not WINDOWS:
            for number, handler in (
                (signal.SIGWINCH, self._on_resize),
                (signal.SIGTSTP, self._on_suspend),
                (signal.SIGTERM, self._on_end),
                (signal.SIGHUP, self._on_end),
            ):
                self._handlers[number] = signal.signal(number, handler)
        read = self._read_windows if WINDOWS else self._read
        threading.Thread(target=read, daemon=True, name="keys").start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._give_back()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        columns, rows = shutil.get_terminal_size()
        return columns, rows

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines and nothing else; the same ones again cost nothing."""
        if tuple(lines) == self._drawn:
            return
        self._drawn = tuple(lines)
        body = "\r\n".join(f"{line}\x1b[0m\x1b[K" for line in lines)
        # In one piece, and kept back by terminals that can until it is whole: nothing flickers.
        self._write(f"\x1b[?2026h\x1b[H{body}\x1b[J\x1b[?2026l")

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Give the terminal back for a while."""
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        if not WINDOWS:
            import termios
            import tty

            with contextlib.suppress(termios.error):
                if self._modes is None:
                    self._modes = termios.tcgetattr(sys.stdin)
                tty.setcbreak(sys.stdin, termios.TCSADRAIN)
        else:
            os.system("")  # lets the console understand what is drawn
        self._drawn = ()
        self._write(ENTER)

    def _give_back(self) -> None:
        self._write(LEAVE)
        if not WINDOWS and self._modes is not None:
            import termios

            with contextlib.suppress(termios.error, OSError, ValueError):
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._modes)  # type: ignore[arg-type]

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            # What is left in the buffer would fail again when Python ends, and spoil the status.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._post(Closed())

    def _on_resize(self, number: int, frame: FrameType | None) -> None:
        self._drawn = ()
        self._post(Resized())

    def _on_end(self, number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def _on_suspend(self, number: int, frame: FrameType | None) -> None:
        with self.given_back():
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)  # goes on below when it is continued
            signal.signal(signal.SIGTSTP, self._on_suspend)
        self._post(Resized())

    def _read(self) -> None:
        """Post keys until the end: a sequence that comes in pieces waits a moment for its rest."""
        import select

        fd, rest = sys.stdin.fileno(), b""
        while not self._stop.is_set():
            try:
                ready, _, _ = select.select([fd], [], [], 0.05 if rest else 0.2)
                piece = os.read(fd, 4096) if ready else b""
            except (OSError, ValueError):
                self._post(Closed())
                return
            if ready and not piece:
                self._post(Closed())
                return
            text, rest = _decoded(rest + piece)
            if ready and (tail := UNFINISHED.search(text)):
                text, rest = text[: tail.start()], tail[0].encode() + rest
            elif not ready:
                text, rest = text + rest.decode("ascii", "ignore"), b""
            for name in parse_keys(text):
                self._post(Key(name))

    def _read_windows(self) -> None:
        import msvcrt
        import time

        while not self._stop.is_set():
            if not msvcrt.kbhit():  # type: ignore[attr-defined]
                time.sleep(0.03)
                continue
            char = msvcrt.getwch()  # type: ignore[attr-defined]
            if char in "\0\xe0":
                if name := WINDOWS_KEYS.get(msvcrt.getwch()):  # type: ignore[attr-defined]
                    self._post(Key(name))
            elif char == "\x03":
                signal.raise_signal(signal.SIGINT)
            else:
                for name in parse_keys(char):
                    self._post(Key(name))


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Return the text in some bytes, and the beginning of a character that is not whole yet."""
    for cut in range(4):
        head = data[: len(data) - cut] if cut else data
        try:
            return head.decode(), data[len(head) :]
        except UnicodeDecodeError:
            continue
    return data.decode(errors="ignore"), b""
