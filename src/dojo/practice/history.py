"""A kata's earlier answers: listed, shown, compared, and set aside when it is begun again."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dojo.progress import Attempt, Progress, unrecorded
from dojo.report import make_table
from dojo.suite import Entry, Suite
from dojo.trouble import Trouble
from dojo.verdict import Verdict
from dojo.workspace import record_of, reset

__all__ = [
    "NoAnswer",
    "begin_again",
    "clock",
    "plain",
    "show_answer",
    "show_difference",
    "show_history",
]


class NoAnswer(Trouble):
    """An answer that was never given, or was not kept."""


def begin_again(suite: Suite, entry: Entry, how: str = "again") -> Path | None:
    """Put the stub back and begin a sitting; return the backup of what was there, if any."""
    backup = reset(entry)
    with unrecorded():  # Whoever cannot be recorded can still practise.
        record_of(suite).begin(entry.id, how)
    return backup


def show_history(console: Console, entry: Entry, record: Progress) -> None:
    """Print every answer to a kata that was graded, oldest first."""
    attempts = record.attempts(entry.id)
    if not attempts:
        console.print(f"{entry.id} was not graded yet.")
        return
    table = make_table("#", "when", "try", "after", "hints", "cases", "verdict")
    for name in ("#", "try", "after", "hints", "cases"):
        next(c for c in table.columns if c.header == name).justify = "right"
    tries: dict[int, int] = {}
    for number, attempt in enumerate(attempts, 1):
        mark = ("✓ ", "green") if attempt.verdict is Verdict.PASSED else ("✗ ", "red")
        why = next((f.why or f.summary for f in record.failures(attempt.id)), "")
        table.add_row(
            str(number),
            f"{datetime.fromtimestamp(attempt.at):%Y-%m-%d %H:%M}",
            str(tries.setdefault(attempt.sitting, len(tries) + 1)),
            clock(attempt.spent),
            str(attempt.hints or ""),
            f"{attempt.passed}/{attempt.total}",
            Text.assemble(mark, str(attempt.verdict), (f" – {plain(why)}" if why else "", "dim")),
        )
    console.print(table)
    last = len(attempts)
    console.print(Text(f"\n`dojo history {entry.name} --show {last}` shows an answer", "dim"))
    if last > 1:
        command = f"dojo history {entry.name} --diff {last - 1} {last}"
        console.print(Text(f"`{command}` compares two", "dim"))


def show_answer(console: Console, entry: Entry, record: Progress, number: int) -> None:
    """Print one answer, as it was."""
    text = _text(entry, record, number)
    if not console.is_terminal:
        console.print(Text(text), end="", soft_wrap=True)
        return
    from rich.syntax import Syntax

    console.print(Syntax(plain(text), "python", word_wrap=True, background_color="default"))


def show_difference(console: Console, entry: Entry, record: Progress, a: int, b: int) -> None:
    """Print what changed between two answers."""
    old, new = (_text(entry, record, number).splitlines() for number in (a, b))
    lines = list(difflib.unified_diff(old, new, f"answer {a}", f"answer {b}", lineterm=""))
    if not lines:
        console.print(f"Answers {a} and {b} are the same.")
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        console.print(Text(plain(line), styles.get(line[:1], "")), soft_wrap=True)


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds: `12:05`."""
    whole = max(int(seconds), 0)
    return f"{whole // 60}:{whole % 60:02}"


def plain(text: str) -> str:
    """Return a text without anything that could steer a terminal."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable())


def _text(entry: Entry, record: Progress, number: int) -> str:
    attempts: Sequence[Attempt] = record.attempts(entry.id)
    if not attempts:
        raise NoAnswer(f"{entry.id} was not graded yet: `dojo watch {entry.name}` begins it")
    if not 1 <= number <= len(attempts):
        raise NoAnswer(
            f"{entry.id} has no answer {number}: there are 1 to {len(attempts)}, "
            f"and `dojo history {entry.name}` lists them"
        )
    kept = record.answer(attempts[number - 1].digest)
    if kept is None:
        raise NoAnswer(f"answer {number} was graded before answers were kept: choose a later one")
    return kept.decode("utf-8", errors="replace")
