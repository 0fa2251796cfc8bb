"""Pages that fit a terminal: a head, a body that scrolls, and the keys that can be pressed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

__all__ = ["Page", "fold", "keys_line", "lines_of"]

Draw = Callable[[Console], None]


def lines_of(width: int, *draws: Draw) -> list[str]:
    """Return what is printed as lines for a terminal, none wider than it."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width, 20),
        force_terminal=True,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for draw in draws:
        draw(console)
    return [line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")]


def fold(width: int, text: Text) -> str:
    """Return one line, cut where the terminal ends."""
    text = text.copy()
    text.truncate(max(width, 1), overflow="ellipsis")
    return lines_of(width, lambda console: console.print(text, no_wrap=True, crop=True))[0]


def keys_line(width: int, *keys: tuple[str, str]) -> str:
    """Return the keys that can be pressed; where not all fit, the last ones are left out."""
    text = Text()
    for key, what in keys:
        more = Text.assemble("  " if text else "", (key, "bold"), " ", (what, "dim"))
        if text.cell_len + more.cell_len > width:
            break
        text.append_text(more)
    return fold(width, text)


@dataclass(frozen=True)
class Page:
    """What is on the screen, before it is cut to its size."""

    head: Text
    body: Sequence[str]
    keys: Sequence[tuple[str, str]]
    note: str = ""
    top: int = 0
    """The first line of the body that is shown, if it does not fit."""
    right: str = ""

    def room(self, size: tuple[int, int]) -> int:
        """Return how many lines of the body there is place for."""
        return max(size[1] - 4, 1)

    def lowest(self, size: tuple[int, int]) -> int:
        """Return the `top` that shows the body's end."""
        return max(len(self.body) - self.room(size), 0)

    def lines(self, size: tuple[int, int]) -> list[str]:
        """Return exactly the lines that fill the screen, or fewer."""
        width, height = size
        room, top = self.room(size), min(self.top, self.lowest(size))
        shown = list(self.body[top : top + room])
        below = len(self.body) - top - len(shown)
        where = f" {below} more below ↓ " if below else " ↑ the end " if top else ""
        gap = max(width - self.head.cell_len - len(self.right), 1)
        head = Text.assemble(self.head, " " * gap, (self.right, "dim"))
        note = Text(f" {self.note} ", "yellow") if self.note else Text()
        note.truncate(max(width - len(where) - 2, 1), overflow="ellipsis")
        fill = max(width - note.cell_len - len(where) - 2, 0)
        rule = Text.assemble(("──", "dim"), note, ("─" * fill, "dim"), (where, "dim"))
        lines = [
            fold(width, head),
            fold(width, Text("─" * width, "dim")),
            *shown,
            *[""] * (room - len(shown)),
            fold(width, rule),
            keys_line(width, *self.keys),
        ]
        return lines if height >= len(lines) else [*lines[: max(height - 1, 0)], lines[-1]]
