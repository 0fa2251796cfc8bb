"""The commands of this package; each imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dojo.command import (
    Lang,
    Level,
    Name,
    Names,
    Topic,
    chosen,
    console,
    note,
    one,
    said,
    stop,
    waiting,
)
from dojo.completion import katas
from dojo.suite import Entry, Suite, UnknownKata
from dojo.translations import Language, preferred
from dojo.trouble import Trouble

if TYPE_CHECKING:
    from dojo.practice.overview import Overview
    from dojo.practice.picture import Picture
    from dojo.progress import Progress

__all__ = ["app"]

app = typer.Typer()


@app.command()
def translate(
    name: Name,
    lang: Annotated[Language, typer.Option("--lang", help="The language to translate to.")] = "zh",
) -> None:
    """Write the file that translates a kata, or bring it up to date.

    Example: dojo translate self_attention --lang zh
    """
    from dojo.translations import draft
    from dojo.workspace import write_file

    suite = Suite.locate()
    entry = one(suite, name)
    if lang == "en":
        stop("English is what the solutions and graders are written in: name another language")
    path, text, filled, total = draft(entry, lang)
    changed = not path.exists() or path.read_text(encoding="utf-8") != text
    if changed:
        write_file(path, text.encode())
    shown = path.relative_to(suite.root)
    print(f"{shown}: {filled} of {total} texts are translated{', keys updated' if changed else ''}")
    print(f"Next: `nox -s audit -- {entry.id}`" if filled == total else f"Next: fill in {shown}")


@app.command(name="next")
def next_(
    topic: Topic = None,
    level: Annotated[Level | None, typer.Option(help="Only katas of this level.")] = None,
    start: Annotated[bool, typer.Option("--start", help="Begin it, from a fresh stub.")] = False,
    lang: Lang = None,
) -> None:
    """Say which kata to do now, and why it.

    First comes what is unfinished, then what is due for review, then what is new.

    Example: dojo next --topic attention
    """
    from dojo.practice.history import begin_again
    from dojo.practice.schedule import catch_up, coming, readable
    from dojo.practice.today import show_step
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    catch_up(suite, record)
    among = set(chosen(suite, [f"{topic.rstrip('/')}/"] if topic else None))
    entries = [e for e in readable(suite) if e in among and level in (None, e.meta.level)]
    step = coming(suite, record, among=entries)
    if step is None:
        what = "Everything there is solved" if topic or level else "Everything is solved"
        print(f"{what} and nothing is due: `dojo due` says what comes back when.")
        return
    show_step(console(), record, step, said(step.entry, lang))
    if start and step.why != "unfinished":
        _say_begun(suite, step.entry, begin_again(suite, step.entry))


@app.command()
def again(name: Name) -> None:
    """Begin a kata again from a fresh stub; your answer is kept.

    Example: dojo again self_attention
    """
    from dojo.practice.history import begin_again

    suite = Suite.locate()
    entry = one(suite, name)
    _say_begun(suite, entry, begin_again(suite, entry))
    print(f"`dojo history {entry.name}` lists your earlier answers")


def _say_begun(suite: Suite, entry: Entry, backup: Path | None) -> None:
    print(f"katas/{entry.id}.py is a fresh stub")
    if backup:
        print(f"Your version is kept as {backup.relative_to(suite.root)}")


@app.command()
def due() -> None:
    """List what is due for review today and on the days to come.

    Example: dojo due
    """
    from dojo.practice.schedule import catch_up
    from dojo.practice.today import show_due
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    catch_up(suite, record)
    show_due(console(), suite, record)


@app.command()
def history(
    name: Name,
    show: Annotated[
        int | None, typer.Option("--show", help="Print this answer.", metavar="N")
    ] = None,
    diff: Annotated[
        tuple[int, int] | None, typer.Option("--diff", help="Compare two.", metavar="A B")
    ] = None,
) -> None:
    """List a kata's earlier answers, show one, or compare two.

    Example: dojo history self_attention --diff 1 2
    """
    from dojo.practice.history import show_answer, show_difference, show_history
    from dojo.workspace import record_of

    suite = Suite.locate()
    entry = one(suite, name)
    record = record_of(suite)
    if show is not None:
        show_answer(console(), entry, record, show)
    elif diff is not None:
        show_difference(console(), entry, record, *diff)
    else:
        show_history(console(), entry, record)


@app.command()
def notebook(
    names: Annotated[
        list[str],
        typer.Argument(help="Ids, names, topics or paths.", metavar="KATA", autocompletion=katas),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write.  [default: notebooks/]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite, with a backup.")] = False,
    lang: Lang = None,
) -> None:
    """Write notebooks in which katas are solved and graded.

    Example: dojo notebook self_attention
    """
    from dojo.practice.notebooks import write

    suite = Suite.locate()
    entries = [(entry, said(entry, lang)) for entry in chosen(suite, names)]
    for written in write(entries, out or suite.root / "notebooks", force=force):
        print(f"wrote {_from_here(written.path)}")
        if written.backup:
            print(f"Your version is kept as {_from_here(written.backup)}")
    print("Open it in VS Code or Jupyter, with the kernel of .venv.")


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


@app.command()
def watch(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="An id, a name or a path.", metavar="KATA", autocompletion=katas),
    ] = None,
    lang: Lang = None,
) -> None:
    """Grade a kata on every save; keys give hints and the next kata.

    Without a name it begins with what `dojo next` says. Whichever kata is saved is graded.

    Example: dojo watch self_attention
    """
    from dojo.practice.terminal import is_terminal
    from dojo.practice.watch import follow
    from dojo.practice.watch import watch as run

    suite = Suite.locate()
    entry = one(suite, name) if name else None
    language = lang or preferred()
    with suppress(KeyboardInterrupt):
        if is_terminal():
            run(suite, entry, language, context.obj)
            return
        note(
            "this is no terminal, so there are no keys: each save prints a verdict, Ctrl-C ends it"
        )
        follow(suite, entry, language, console(), context.obj)


@app.command()
def status(names: Names = None, lang: Lang = None) -> None:
    """Show what is solved, what is due and what goes wrong most often.

    Example: dojo status attention
    """
    from dojo.practice.overview import look
    from dojo.practice.schedule import catch_up
    from dojo.practice.status import show_katas, show_status
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    if not record.latest():
        print("Nothing graded yet: `dojo list` shows the katas, `dojo grade` grades them.")
        return
    if names:
        show_katas(console(), record, chosen(suite, names))
        return
    catch_up(suite, record)
    show_status(console(), suite, record, look(suite, record), lang or preferred())


def greeting() -> None:
    """Welcome a newcomer, or say what is due to somebody who comes back."""
    from dojo.practice.status import greet, welcome
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    if not suite.entries:
        print("There is no kata yet: `dojo new topic/name` begins one.")
        return
    if not record.query("SELECT 1 FROM sitting LIMIT 1"):
        welcome(console(), suite, preferred())
        return
    from dojo.practice.overview import look
    from dojo.practice.schedule import catch_up, coming

    catch_up(suite, record)
    step = coming(suite, record)
    entry = step.entry if step else suite.entries[0]
    greet(console(), suite, record, look(suite, record), step, said(entry, None))


def show_checks(suite: Suite) -> bool:
    """Print what was looked at on this machine, and what to do; whether grading works."""
    from rich.text import Text

    from dojo.practice.doctor import examine
    from dojo.report import make_table

    checks = list(examine(suite.root, sys.stdout))
    table = make_table("", "what is needed", "what there is")
    for check in checks:
        mark = ("✗", "red") if check.advice and check.serious else ("!", "yellow")
        mark = mark if check.advice else ("✓", "green")
        table.add_row(Text(*mark), check.what, Text(check.found))
        if check.advice:
            table.add_row("", "", Text(f"→ {check.advice}", "bold"))
    console().print(table)
    print()
    return not any(check.advice and check.serious for check in checks)


@app.command()
def interview(
    context: typer.Context,
    minutes: Annotated[int, typer.Option(min=1, max=480, help="How long it lasts.")] = 45,
    topics: Annotated[
        list[str] | None,
        typer.Option("--topics", help="Only these; several with commas.", metavar="TOPIC"),
    ] = None,
    level: Annotated[Level | None, typer.Option(help="Of the katas after the warm-up.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same katas for the same number.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what was interrupted.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Show the last report again.")] = False,
    lang: Lang = None,
) -> None:
    """Hold a mock interview against the clock; it ends with a report.

    Each kata begins from a clean file in interviews/. Pausing, closing the terminal or a crash
    loses nothing.

    Example: dojo interview --minutes 45 --topics attention,decoding
    """
    from dojo.practice.interview import alone, finish, open_round, sit, unfinished
    from dojo.practice.round_report import show_report
    from dojo.practice.terminal import is_terminal
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    if report:
        ended = [found for found in record.interviews() if found.ended is not None]
        if not ended:
            stop("no interview has ended yet: `dojo interview` begins one")
        show_report(console(), ended[-1])
        return
    wanted = [topic.strip().rstrip("/") for text in topics or () for topic in text.split(",")]
    for topic in filter(None, wanted):
        suite.find(f"{topic}/")  # which knows what may be meant
    if not is_terminal():
        stop("an interview needs a terminal with a keyboard: run it in one")
    with alone(suite.root):
        open_one = unfinished(record)
        if resume and open_one is None:
            stop("no interview was interrupted: `dojo interview` begins one")
        if open_one is not None and not resume:
            left = open_one.settings["minutes"] - open_one.spent / 60
            asked = f"An interview was interrupted with {left:.0f} minutes left. Go on with it?"
            if not typer.confirm(asked, default=True):
                show_report(console(), finish(record, open_one))
                open_one = None
        if open_one is None:
            open_one = open_round(
                suite,
                record,
                lang or preferred(),
                minutes=minutes,
                topics=[topic for topic in wanted if topic],
                level=level,
                seed=seed,
            )
        try:
            done = sit(suite, record, open_one, lang or preferred(), context.obj)
        except UnknownKata as error:
            show_report(console(), finish(record, open_one))
            stop(f"this interview cannot go on, so it has ended: {error}")
    if done.ended is not None:
        show_report(console(), done)
        print("\n`dojo interview --report` shows this again")
    elif unfinished(record):
        print("Paused. `dojo interview --resume` goes on with the clock where it stood.")
    else:
        print("Not begun, and nothing is noted.")


@app.command()
def report(
    out: Annotated[
        Path | None, typer.Option("--out", help="The file.  [default: .dojo/report.html]")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    lang: Lang = None,
) -> None:
    """Write a page about your progress, mistakes and times.

    Example: dojo report --open
    """
    from dojo.practice.learner_report import render, save
    from dojo.practice.overview import look
    from dojo.practice.schedule import catch_up
    from dojo.workspace import record_of

    suite = Suite.locate()
    record = record_of(suite)
    catch_up(suite, record)
    seen = look(suite, record)
    page = render(suite, record, seen, _pictures(suite, record, seen), lang or preferred())
    path = out or suite.root / ".dojo" / "report.html"
    save(path, page)
    print(f"wrote {_from_here(path)}")
    if open_:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            note(f"no browser was found: open {path.resolve()} yourself")


def _pictures(suite: Suite, record: Progress, seen: Overview) -> Sequence[Picture]:
    """Run the last failing answer again to see where it differs, if there is one."""
    from dojo.engine import Engine
    from dojo.practice.learner_report import last_failing
    from dojo.practice.picture import pictures
    from dojo.reference import References
    from dojo.verdict import Verdict

    attempt = last_failing(record, seen)
    text = record.answer(attempt.digest) if attempt else None
    if attempt is None or text is None or attempt.verdict is not Verdict.WRONG:
        return ()
    entry = next(entry for entry in seen.entries if entry.id == attempt.kata)
    try:
        with Engine(closed=[suite.root]) as engine, waiting("Looking at your last answer"):
            references = References(engine, suite.root / ".dojo" / "expected")
            return pictures(engine, references, entry, text.decode("utf-8", "replace"))
    except Trouble as error:  # costs the picture, not the page
        note(f"no picture of the last failing answer: {error}")
        return ()
