"""What `dojo next` and `dojo due` print."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from rich.console import Console
from rich.text import Text

from dojo.practice.history import clock
from dojo.practice.schedule import Due, Step, due, upcoming
from dojo.progress import Progress, Sitting
from dojo.report import make_table
from dojo.suite import Suite
from dojo.translations import Words

__all__ = ["day", "reason", "show_due", "show_step"]

AHEAD = 7
RATINGS = {1: "again", 2: "hard", 3: "good", 4: "easy"}


def show_step(console: Console, record: Progress, step: Step, said: Words) -> None:
    """Print the kata to do now, why it, and the commands that begin it."""
    entry, meta = step.entry, step.entry.meta
    console.print(
        Text.assemble((entry.id, "bold"), f" – {said.title}, {meta.level}, {meta.minutes} minutes")
    )
    console.print(Text(said.asked))
    console.print(Text(reason(record, step), "dim"))
    steps = [("begin", f"dojo watch {entry.name}"), ("or", f"katas/{entry.id}.py and `dojo grade`")]
    if step.why == "due":
        steps = [("begin", f"dojo again {entry.name}"), ("then", f"dojo watch {entry.name}")]
    console.print()
    for word, command in steps:
        console.print(Text.assemble(f"  {word:<6}  ", (command, "bold")))


def reason(record: Progress, step: Step) -> str:
    """Say why this kata is next, in a sentence."""
    if step.why == "new":
        return "New: you have what it builds on."
    if step.at is None:
        return ""
    if step.why == "unfinished":
        return f"Begun {day(step.at.astimezone().date())} and not solved yet."
    text = f"Due since {day(step.at.astimezone().date())}"
    passed = [s for s in record.sittings(step.entry.id) if s.passed_at is not None]
    return f"{text}; {_how(passed[-1])}." if passed else f"{text}."


def _how(sitting: Sitting) -> str:
    assert sitting.passed_at is not None
    when = day(datetime.fromtimestamp(sitting.passed_at, UTC).astimezone().date())
    hints = f" with {sitting.hints} hint{'s' * (sitting.hints > 1)}" if sitting.hints else ""
    took = f" in {clock(sitting.spent)} minutes" if sitting.spent >= 60 else ""
    return f"last solved {when}{took}{hints}"


def show_due(console: Console, suite: Suite, record: Progress) -> None:
    """Print what is due today, and how much comes on the next days."""
    now = datetime.now(UTC)
    today = due(suite, record, now)
    every = upcoming(suite, record, now)
    if not every:
        console.print(
            "Nothing is due: what you solve comes back here. `dojo next` finds the first kata."
        )
        return
    if today:
        table = make_table("kata", "due", "last solved", "went", "question")
        for item in today:
            table.add_row(*_row(record, item), Text(item.entry.meta.asked))
        console.print(table)
        console.print()
    else:
        console.print("Nothing is due today.")
    later = Counter(item.day for item in every if item not in today)
    for offset in range(1, AHEAD + 1):
        when = now.astimezone().date() + timedelta(days=offset)
        if later[when]:
            names = ", ".join(item.entry.name for item in every if item.day == when)
            console.print(Text.assemble(f"{day(when)}: ", (names, "dim")))
    last = now.astimezone().date() + timedelta(days=AHEAD)
    if rest := sum(number for when, number in later.items() if when > last):
        console.print(Text(f"later: {rest} more", "dim"))


def _row(record: Progress, item: Due) -> tuple[str, str, str, str]:
    if item.last is None:
        return item.entry.id, "today", "the clock has gone back", ""
    rating = next((s.rating for s in reversed(record.sittings(item.entry.id)) if s.rating), None)
    last = day(item.last.astimezone().date())
    return item.entry.id, day(item.day), last, RATINGS.get(rating or 0, "")


def day(when: date) -> str:
    """Return a date as people say it: today, yesterday, tomorrow, or the date."""
    distance = (when - datetime.now().astimezone().date()).days
    return {0: "today", -1: "yesterday", 1: "tomorrow"}.get(distance, when.isoformat())
