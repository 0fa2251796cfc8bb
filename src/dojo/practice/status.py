"""What `dojo status` and `dojo` alone print."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dojo.command import count
from dojo.practice.overview import Overview, Topic, day_of
from dojo.practice.schedule import Step, due_line
from dojo.progress import Progress
from dojo.report import make_table
from dojo.suite import Entry, Suite
from dojo.translations import Language, Words, phrase, words
from dojo.wrapping import Wrapped

__all__ = ["greet", "show_katas", "show_status", "welcome"]

BAR = 10
WEAKEST = 4


def show_status(
    console: Console, suite: Suite, record: Progress, seen: Overview, language: Language
) -> None:
    """Print what was solved by topic, what is due, and what goes wrong most often."""
    table = make_table("topic", "", "solved", "tried", "due", "")
    for column in table.columns[2:5]:
        column.justify = "right"
    for topic in seen.topics:
        table.add_row(
            topic.name.replace("_", " "),
            _bar(topic),
            f"{topic.solved} of {topic.total}",
            Text(str(topic.tried) if topic.tried else "–", "yellow" if topic.tried else "dim"),
            Text(str(topic.due) if topic.due else "–", "cyan" if topic.due else "dim"),
        )
    console.print(table)
    console.print()
    console.print(Text(" · ".join(_facts(seen)), "bold"))
    console.print(Text(due_line(suite, record)))
    weak = seen.weaknesses[:WEAKEST]
    if weak:
        console.print(Text("\nWhat goes wrong most often"))
    entries = {entry.id: entry for entry in seen.entries}
    for weakness in weak:
        entry = entries[weakness.kata]
        why = words(entry, language).why(weakness.why)
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", width=4)
        grid.add_column()
        name = Text.assemble((entry.name, "bold"), (" – solved since" if weakness.mended else ""))
        grid.add_row(f"{weakness.attempts}×", name)
        grid.add_row("", Wrapped(why, "dim" if weakness.mended else ""))
        console.print(grid)


def _facts(seen: Overview) -> list[str]:
    facts = [f"{seen.n_solved} of {len(seen.entries)} solved"]
    if seen.streak:
        facts.append(f"{count(seen.streak, 'day')} in a row")
    if seen.seconds >= 60:
        hours, minutes = divmod(round(seen.seconds / 60), 60)
        spent = count(minutes, "minute")
        facts.append(f"{count(hours, 'hour')} {spent} at work" if hours else f"{spent} at work")
    return facts


def _bar(topic: Topic) -> Text:
    full = round(BAR * topic.solved / topic.total)
    if topic.solved:
        full = max(full, 1)
    tried = min(BAR - full, max(1, round(BAR * topic.tried / topic.total)) if topic.tried else 0)
    rest = BAR - full - tried
    return Text.assemble(("█" * full, "green"), ("▒" * tried, "yellow"), ("·" * rest, "dim"))


def show_katas(console: Console, record: Progress, entries: Sequence[Entry]) -> None:
    """Print what was done in each of some katas."""
    latest, solved = record.latest(), record.solved()
    table = make_table("", "kata", "last verdict", "cases", "tries", "on")
    for entry in entries:
        attempt = latest.get(entry.id)
        if attempt is None:
            table.add_row("", entry.id, Text("not started", "dim"))
            continue
        table.add_row(
            Text("✓" if entry.id in solved else "", "green"),
            entry.id,
            str(attempt.verdict),
            f"{attempt.passed} of {attempt.total}",
            str(len(record.attempts(entry.id))),
            f"{day_of(attempt.at):%Y-%m-%d}",
        )
    console.print(table)


def welcome(console: Console, suite: Suite, language: Language) -> None:
    """Greet somebody who has not graded anything yet: three lines and the command to begin with."""
    entry = suite.entries[0]
    topics = len(suite.topics())
    for line in (
        "Welcome. {katas} katas in {topics} topics: each is a file that you complete.",
        "Grading takes a second and says which mistake you made.",
        "`{name}` is a good start: open `{path}` and run",
    ):
        text = phrase(
            language,
            line,
            katas=len(suite.entries),
            topics=topics,
            name=entry.name,
            path=f"katas/{entry.id}.py",
        )
        console.print(Wrapped(text.replace("`", "")))
    console.print(Padding(Text(f"dojo watch {entry.name}", "bold"), (1, 0, 1, 2), expand=False))
    others = "`dojo next` chooses for you, `dojo doctor` checks the machine, `dojo -h` shows all."
    console.print(Wrapped(phrase(language, others).replace("`", ""), "dim"))


def greet(
    console: Console, suite: Suite, record: Progress, seen: Overview, step: Step | None, said: Words
) -> None:
    """Tell somebody who comes back what is due and what comes next."""
    console.print(Text(" · ".join(_facts(seen)), "bold"))
    console.print(Text(due_line(suite, record)))
    if step is None:
        return
    meta = step.entry.meta
    about = said.phrase("{level}, {n} minutes", level=said.phrase(meta.level), n=meta.minutes)
    console.print(Text(f"{said.phrase('Next')}: {step.entry.id} – {about}"))
    console.print(Wrapped(said.title, "dim"))
    verb = "again" if step.why == "due" else "watch"
    command = f"dojo {verb} {step.entry.name}"
    assert cell_len(command) == len(command)
    console.print(Padding(Text(command, "bold"), (1, 0, 0, 2), expand=False))
