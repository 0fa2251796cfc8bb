"""Break lines of Chinese and mixed text for a terminal, where a character may take two cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

__all__ = ["Wrapped", "fitted", "wrap"]

NEVER_FIRST: Final = frozenset("，。、；：！？）》」』】〉…—·％,.;:!?)]}”’")
NEVER_LAST: Final = frozenset("（《「『【〈([{“‘")


@dataclass(frozen=True)
class Wrapped:
    """A text for a table or a screen of any width."""

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the text with its lines broken."""
        yield Text(fitted(self.text, options.max_width), self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return how narrow and how wide the text may be."""
        widest = max(map(cell_len, self.text.splitlines()), default=0)
        narrow = max((cell_len(unit) for unit, _ in _units(self.text)), default=0)
        return Measurement(min(narrow, options.max_width), min(widest, options.max_width))


def fitted(text: str, width: int) -> str:
    """Break the lines that are too wide; a text without wide characters is left to the console."""
    if cell_len(text) == len(text):
        return text
    return "\n".join(line for part in text.split("\n") for line in wrap(part, width))


def wrap(line: str, width: int) -> list[str]:
    """Break one line so that no part takes more cells than `width`, if any break allows it.

    A break may fall at a space or beside a wide character, but neither in front of closing
    punctuation nor behind opening punctuation. What begins with spaces keeps them.
    """
    indent = line[: len(line) - len(line.lstrip(" "))]
    lines = [indent]
    for unit, space in _units(line.lstrip(" ")):
        gap = " " * space if lines[-1].strip() else ""
        if cell_len(lines[-1] + gap + unit) > width and lines[-1].strip():
            lines.append(indent)
            gap = ""
        lines[-1] += gap + unit
    return lines


def _units(line: str) -> Iterator[tuple[str, int]]:
    """Yield what must not be broken, each with the number of spaces in front of it."""
    unit, spaces, pending = "", 0, 0
    for char in line:
        if char == " ":
            pending += 1
            continue
        if unit and _may_break(unit[-1], char, pending > 0):
            yield unit, spaces
            unit, spaces = "", pending
        elif pending:
            unit += " " * pending
        unit += char
        pending = 0
    if unit:
        yield unit, spaces


def _may_break(before: str, after: str, spaced: bool) -> bool:
    if after in NEVER_FIRST or before in NEVER_LAST:
        return spaced and cell_len(after) == 1 and before not in NEVER_LAST
    return spaced or cell_len(before) == 2 or cell_len(after) == 2
