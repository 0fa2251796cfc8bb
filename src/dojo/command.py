"""What the commands share: arguments, the console, and how to end with a message."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Annotated, Literal, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from dojo.completion import katas, topics
from dojo.suite import Entry, Suite
from dojo.translations import Language, Words, preferred, words

__all__ = [
    "CORES",
    "Jobs",
    "Lang",
    "Level",
    "Name",
    "Names",
    "Topic",
    "chosen",
    "console",
    "count",
    "each",
    "note",
    "one",
    "said",
    "stop",
    "waiting",
]

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Ids, names, topics or paths.",
        metavar="KATA",
        autocompletion=katas,
        show_default=False,
    ),
]
CORES = min(os.cpu_count() or 1, 4)
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Katas at the same time.")]
Name = Annotated[
    str, typer.Argument(help="An id, a name or a path.", metavar="KATA", autocompletion=katas)
]
Topic = Annotated[str | None, typer.Option(help="Only katas of this topic.", autocompletion=topics)]
Lang = Annotated[
    Language | None,
    typer.Option("--lang", help="Language of the texts; LC_ALL or LANG decides unless told."),
]
Level = Literal["warmup", "core", "hard"]
Item = TypeVar("Item")
Result = TypeVar("Result")


def stop(message: str) -> NoReturn:
    """End the command with a message and status 2."""
    note(message)
    sys.exit(2)


def note(message: str) -> None:
    """Say something on stderr, where it disturbs neither a table nor JSON."""
    from dojo.report import make_console

    console = make_console(sys.stderr)
    console.print(Text(f"dojo: {message}"), soft_wrap=not console.is_terminal)


def console() -> Console:
    """Return a console for stdout."""
    from dojo.report import make_console

    return make_console(sys.stdout)


def chosen(suite: Suite, names: Sequence[str] | None) -> tuple[Entry, ...]:
    """Return the katas that were named, each once; all of them where none was."""
    if not names:
        return suite.entries
    found = [entry for name in names for entry in suite.find(name)]
    return tuple(dict.fromkeys(found))


def one(suite: Suite, name: str) -> Entry:
    """Return the kata that was named, or end with a message if it is a whole topic."""
    found = suite.find(name)
    if len(found) != 1:
        stop(f"{name!r} is a topic: name one of {', '.join(entry.id for entry in found)}")
    return found[0]


def said(entry: Entry, lang: Language | None) -> Words:
    """Return a kata's texts in the language that was asked for, here or by the environment."""
    return words(entry, lang or preferred())


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def each(jobs: int, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield results in order, several at work; what ends this early waits for nothing."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something goes on, to somebody who watches a terminal."""
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status(Text(f"{what} …", "dim"), spinner_style="dim"):
            yield
    else:
        yield
