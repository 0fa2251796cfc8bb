"""The `dojo` command."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from dojo.command import (
    CORES,
    Jobs,
    Lang,
    Level,
    Name,
    Names,
    Topic,
    chosen,
    console,
    count,
    each,
    note,
    one,
    said,
    stop,
    waiting,
)
from dojo.instructor.cli import app as instructor
from dojo.launch import Warm
from dojo.menu import Menu
from dojo.practice.cli import app as practice
from dojo.progress import ProgressError, unrecorded
from dojo.suite import Entry, Suite
from dojo.translations import preferred
from dojo.trouble import Trouble
from dojo.verdict import KataResult, Verdict
from dojo.workspace import is_pristine, record_of, remember

__all__ = ["main"]

app = typer.Typer(
    cls=Menu,
    help="Hand-written machine-learning katas that say which mistake it is.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(warm: Warm | None = None) -> None:
    """Run the command; an expected trouble ends with one message and status 2.

    `warm` may have been started ahead, for whatever is graded.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal without ✓ gets a question mark.
    try:
        try:
            app(obj=warm, prog_name="dojo")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Trouble as error:
        stop(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        stop(f"{error.filename}: {error.strerror}")


@app.callback()
def begin(context: typer.Context) -> None:
    """Hand-written machine-learning katas that say which mistake it is.

    Example: dojo grade self_attention
    """
    if context.invoked_subcommand is None:
        from dojo.practice.cli import greeting

        greeting()


@app.command()
def grade(
    context: typer.Context,
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    jobs: Jobs = CORES,
) -> None:
    """Grade katas: all of them as a table, or the named ones in full.

    Example: dojo grade self_attention
    """
    suite = Suite.locate()
    entries = chosen(suite, names)
    results = _grade_all(suite, entries, jobs, context.obj)
    try:
        remember(suite.root, results)
    except ProgressError as error:  # costs a note, not the verdicts
        note(f"not recorded: {error}")
    if as_json:
        from dojo.report import as_json as to_json

        print(json.dumps(to_json(results), indent=2, ensure_ascii=False))
    else:
        _show(suite, entries, results, full=bool(names))
    fine = all(result.verdict in (Verdict.PASSED, Verdict.NOT_STARTED) for result in results)
    raise typer.Exit(0 if fine else 1)


def _grade_all(
    suite: Suite, entries: Sequence[Entry], jobs: int, warm: Warm | None
) -> list[KataResult]:
    if all(map(is_pristine, entries)):  # a fresh clone need not wait for torch
        return [KataResult(kata=e.id, verdict=Verdict.NOT_STARTED) for e in entries]
    from dojo.engine import Engine

    with Engine(closed=[suite.root], warm=warm) as engine, waiting("Grading"):
        from dojo.grade import Grader

        grader = Grader(engine, suite.root / ".dojo" / "expected")
        results = list(each(jobs, grader.grade, entries))
        if any(found != "stands" for found in engine.report.values()):
            note("the sandbox has gaps here, so grade code that you trust: `dojo doctor` says more")
        return results


def _show(
    suite: Suite, entries: Sequence[Entry], results: Sequence[KataResult], *, full: bool
) -> None:
    from dojo.report import show_full, show_overview

    screen = console()
    if not full:
        show_overview(screen, suite, results)
        return
    for index, (entry, result) in enumerate(zip(entries, results, strict=True)):
        if index:
            screen.print()
        show_full(screen, entry, result, said(entry, None))


@app.command(name="list")
def list_(
    names: Names = None,
    topic: Topic = None,
    level: Annotated[Level | None, typer.Option(help="Only katas of this level.")] = None,
    lang: Lang = None,
) -> None:
    """List the katas in teaching order.

    Example: dojo list attention --level core
    """
    from dojo.report import make_table
    from dojo.wrapping import Wrapped

    suite = Suite.locate()
    solved = record_of(suite).solved()
    names = [*(names or ()), *([f"{topic.rstrip('/')}/"] if topic else ())]
    entries = [e for e in chosen(suite, names) if level in (None, e.meta.level)]
    if not entries:
        print("No kata is like that.")
        return
    table = make_table("", "kata", "level", "min", "question")
    for entry in entries:
        mark = Text("✓" if entry.id in solved else "", "green")
        meta = entry.meta
        asked = Wrapped(said(entry, lang).asked)
        table.add_row(mark, entry.id, meta.level, str(meta.minutes), asked)
    console().print(table)


@app.command()
def show(name: Name, lang: Lang = None) -> None:
    """Show a kata's question and statement.

    Example: dojo show self_attention --lang zh
    """
    from dojo.report import show_statement

    entry = one(Suite.locate(), name)
    show_statement(console(), entry, said(entry, lang) if lang or preferred() != "en" else None)


@app.command()
def hint(name: Name, lang: Lang = None) -> None:
    """Show the next hint of a kata, and those before it.

    Example: dojo hint self_attention
    """
    from dojo.report import show_hints

    suite = Suite.locate()
    entry = one(suite, name)
    record = record_of(suite)
    seen = min(record.hints_seen(entry.id), len(entry.meta.hints))
    try:
        if seen < len(entry.meta.hints):
            record.saw_hint(entry.id)
    except ProgressError as error:  # Where nothing can be counted, nothing is held back.
        note(f"not recorded: {error}")
        seen = len(entry.meta.hints)
    show_hints(console(), entry, seen, said(entry, lang))


@app.command()
def explain(
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="Even before it is solved.")] = False,
    lang: Lang = None,
) -> None:
    """Show the solution with its mistakes, and what is asked next.

    Example: dojo explain self_attention
    """
    from dojo.report import show_solution

    suite = Suite.locate()
    entry = one(suite, name)
    record = record_of(suite)
    if not now and entry.id not in record.solved():
        stop(
            f"{entry.id} is not solved yet. `dojo hint {entry.name}` helps a step further; "
            f"`dojo explain {entry.name} --now` shows the solution all the same"
        )
    with unrecorded():  # Whoever cannot be recorded may still read.
        record.saw_solution(entry.id)
    show_solution(console(), entry, said(entry, lang))


@app.command()
def reset(name: Name) -> None:
    """Put a kata's stub back; what was written is kept as a backup.

    Example: dojo reset self_attention
    """
    from dojo.practice.history import begin_again

    suite = Suite.locate()
    entry = one(suite, name)
    backup = begin_again(suite, entry)
    print(f"katas/{entry.id}.py is the stub again")
    if backup:
        print(f"Your version is kept as {backup.relative_to(suite.root)}")


@app.command()
def stubs(
    names: Names = None,
    force: Annotated[bool, typer.Option(help="Overwrite edited files, with a backup.")] = False,
) -> None:
    """Derive stubs and README's catalogue; keep what was edited.

    Example: dojo stubs self_attention
    """
    from dojo.catalogue import update
    from dojo.workspace import prune_sums, write_stub

    suite = Suite.locate()
    edited = []
    for entry in chosen(suite, names):
        done = write_stub(entry, force=force)
        if done == "edited":
            edited.append(entry)
        elif done != "current":
            print(f"katas/{entry.id}.py {done}")
    prune_sums(suite)
    if update(suite):
        print("README.md updated")
    for entry in edited:
        note(f"katas/{entry.id}.py was edited and is left as it is")
    if edited:
        note("to derive these too, with backups: `nox -s stubs -- --force`")
    raise typer.Exit(1 if edited else 0)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="topic/name", metavar="ID")],
    numpy: Annotated[bool, typer.Option("--numpy", help="Of NumPy's arrays.")] = False,
    module: Annotated[bool, typer.Option("--class", help="A module with weights.")] = False,
    random: Annotated[bool, typer.Option("--random", help="Of something random.")] = False,
) -> None:
    """Begin a kata: write a solution, a grader and an oracle test.

    Example: dojo new attention/linear_attention --class
    """
    from dojo.scaffold import scaffold

    suite = Suite.locate()
    kinds = [k for k, yes in (("numpy", numpy), ("class", module), ("random", random)) if yes]
    if len(kinds) > 1:
        stop(f"--{' and --'.join(kinds)}: choose one, and write the rest yourself")
    for path in scaffold(suite, name, *kinds):
        print(f"wrote {path.relative_to(suite.root)}")
    print("\nFill in what says TODO, then:")
    print(f"  nox -s stubs -- {name}\n  nox -s audit -- {name}")


@app.command()
def doctor() -> None:
    """Check this machine and its sandbox, and say what to install.

    Example: dojo doctor
    """
    from dojo.bubble import state as bubblewrap
    from dojo.practice.cli import show_checks
    from dojo.report import make_table
    from dojo.walls import available, self_test

    suite = Suite.locate()
    report = self_test([str(suite.root)])  # first: it must come before any thread
    sound = show_checks(suite)
    table = make_table("", "what an answer tries", "what happens")
    for attack, found in report.items():
        mark = Text("✓", "green") if found == "stands" else Text("✗", "red")
        table.add_row(mark, attack, "refused" if found == "stands" else found)
    console().print(table)
    kernel = available()
    print(
        f"\nLandlock version {kernel['landlock']} (0: none), "
        f"seccomp: {'yes' if kernel['seccomp'] else 'no'}"
    )
    print(f"bubblewrap around the process that imports torch: {bubblewrap()}")
    if all(found == "stands" for found in report.values()):
        print("Every wall stands: code that you do not know can be graded here.")
        raise typer.Exit(0 if sound else 1)
    print("Some walls are missing: grade only code that you trust.")
    raise typer.Exit(1)


@app.command()
def audit(names: Names = None, jobs: Jobs = CORES) -> None:
    """Check the laws that every kata keeps.

    Example: dojo audit attention/self_attention
    """
    from dojo.engine import Engine
    from dojo.laws import audit_kata, audit_suite

    suite = Suite.locate()
    broken = [] if names else list(audit_suite(suite))
    entries = chosen(suite, names)
    with Engine(closed=[suite.root]) as engine:
        all_found = each(jobs, lambda entry: audit_kata(entry, engine), entries)
        for entry, found in zip(entries, all_found, strict=True):
            print(f"{'✗' if found else '✓'} {entry.id}", flush=True)
            broken += found
    for violation in broken:
        print(f"\n{violation}")
    print(f"\n{count(len(entries), 'kata')} audited, {count(len(broken), 'broken rule')}")
    raise typer.Exit(1 if broken else 0)


for _part in (practice, instructor):
    app.add_typer(_part)
