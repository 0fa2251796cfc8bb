"""The `dojo` command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from dojo.progress import Progress, ProgressError
from dojo.suite import Entry, GraderError, NoSuite, Suite, UnknownKata
from dojo.verdict import KataResult, Verdict

__all__ = ["main"]

app = typer.Typer(
    help="Hand-written machine-learning katas that say which mistake it is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Names = Annotated[list[str] | None, typer.Argument(help="Ids, names, topics or paths.")]
CORES = min(os.cpu_count() or 1, 4)
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Katas at the same time.")]
Name = Annotated[str, typer.Argument(help="An id, a name or a path.")]


def main() -> None:
    """Run the command; an expected trouble ends with one message and status 2."""
    from dojo.engine import EngineError
    from dojo.mistakes import MistakeError
    from dojo.reference import UnsoundKata
    from dojo.stubs import StubError

    try:
        app()
    except (EngineError, GraderError, MistakeError, NoSuite, ProgressError) as error:
        _stop(str(error))
    except (StubError, UnknownKata, UnsoundKata) as error:
        _stop(str(error))
    except BrokenPipeError:  # the reader of a pipe had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _stop(message: str) -> NoReturn:
    print(f"dojo: {message}", file=sys.stderr)
    sys.exit(2)


def _console() -> Console:
    """Return a console: no colour and no cut lines when the output is not a terminal."""
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 100
    return console


def _chosen(suite: Suite, names: Sequence[str] | None) -> tuple[Entry, ...]:
    if not names:
        return suite.entries
    found = [entry for name in names for entry in suite.find(name)]
    return tuple(dict.fromkeys(found))


def _one(suite: Suite, name: str) -> Entry:
    found = suite.find(name)
    if len(found) != 1:
        _stop(f"{name!r} is a topic: name one of {', '.join(entry.id for entry in found)}")
    return found[0]


def _progress(suite: Suite) -> Progress:
    return Progress(suite.root / ".dojo" / "progress.sqlite")


@app.command()
def grade(
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    jobs: Jobs = CORES,
) -> None:
    """Grade katas: all of them as a table, or the named ones in full."""
    suite = Suite.locate()
    entries = _chosen(suite, names)
    results = _grade_all(suite, entries, jobs)
    _remember(suite, results)
    if as_json:
        from dojo.report import as_json as to_json

        print(json.dumps(to_json(results), indent=2, ensure_ascii=False))
    else:
        _show(suite, entries, results, full=bool(names))
    fine = all(result.verdict in (Verdict.PASSED, Verdict.NOT_STARTED) for result in results)
    raise typer.Exit(0 if fine else 1)


def _grade_all(suite: Suite, entries: Sequence[Entry], jobs: int) -> list[KataResult]:
    from dojo.engine import Engine
    from dojo.grade import Grader
    from dojo.workspace import is_pristine

    if all(map(is_pristine, entries)):  # a fresh clone need not wait for torch
        return [KataResult(kata=e.id, verdict=Verdict.NOT_STARTED) for e in entries]
    with Engine() as engine:
        grader = Grader(engine, suite.root / ".dojo" / "expected")
        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(grader.grade, entries))


def _show(
    suite: Suite, entries: Sequence[Entry], results: Sequence[KataResult], *, full: bool
) -> None:
    from dojo.report import show_full, show_overview

    console = _console()
    if not full:
        show_overview(console, suite, results)
        return
    for index, (entry, result) in enumerate(zip(entries, results, strict=True)):
        if index:
            console.print()
        show_full(console, entry, result)


def _remember(suite: Suite, results: Sequence[KataResult]) -> None:
    """Record every started kata; a record that fails costs a note, not the verdicts."""
    import hashlib

    progress = _progress(suite)
    try:
        for result in results:
            path = suite.root / "katas" / f"{result.kata}.py"
            if result.verdict is Verdict.NOT_STARTED or not path.exists():
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            n, total = result.n_passed, len(result.cases)
            progress.record(result.kata, result.verdict, n, total, result.seconds, digest)
    except ProgressError as error:
        print(f"dojo: not recorded: {error}", file=sys.stderr)


@app.command(name="list")
def list_(
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    level: Annotated[str | None, typer.Option(help="Only warmup, core or hard.")] = None,
) -> None:
    """List the katas in teaching order."""
    from rich.table import Table

    suite = Suite.locate()
    solved = _progress(suite).solved()
    entries = suite.find(f"{topic}/") if topic else suite.entries
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "kata", "level", "min", "question"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        if level in (None, entry.meta.level):
            mark = "✓" if entry.id in solved else ""
            table.add_row(mark, entry.id, entry.meta.level, str(entry.meta.minutes), entry.meta.asked)
    _console().print(table)


@app.command()
def show(name: Name) -> None:
    """Show a kata's question and statement."""
    from rich.text import Text

    entry = _one(Suite.locate(), name)
    console = _console()
    meta = entry.meta
    console.print(Text(entry.id, "bold"), Text(f"{meta.level}, {meta.minutes} minutes", "dim"))
    console.print(Text(meta.asked))
    console.print(Text(meta.asked_zh), end="\n\n")
    console.print(Text(entry.statement), end="\n\n")
    if meta.needs:
        console.print(Text(f"First: {', '.join(meta.needs)}"))
    if meta.forbids:
        console.print(Text(f"Not allowed: {', '.join(meta.forbids)}"))
    console.print(Text(f"Write it in katas/{entry.id}.py", "bold"))


@app.command()
def hint(name: Name) -> None:
    """Show the next hint of a kata, and those before it."""
    from rich.text import Text

    suite = Suite.locate()
    entry = _one(suite, name)
    progress = _progress(suite)
    hints = entry.meta.hints
    seen = progress.hints_seen(entry.id)
    if seen < len(hints):
        progress.saw_hint(entry.id)
    console = _console()
    for index, text in enumerate(hints[: seen + 1], 1):
        console.print(Text(f"{index}. {text}", "bold" if index == seen + 1 else "dim"))
    left = len(hints) - seen - 1
    if left > 0:
        console.print(Text(f"{left} more: run this again.", "dim"))
    else:
        console.print(Text(f"That was the last. `dojo explain {entry.name} --now` solves it.", "dim"))


@app.command()
def explain(
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="Even before it is solved.")] = False,
) -> None:
    """Show a solved kata's solution with its mistakes, and the interviewer's next questions."""
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.text import Text

    suite = Suite.locate()
    entry = _one(suite, name)
    if not now and entry.id not in _progress(suite).solved():
        _stop(
            f"{entry.id} is not solved yet: `dojo hint {entry.name}` helps a step further, "
            f"`dojo explain {entry.name} --now` shows the solution all the same"
        )
    console = _console()
    source = entry.solution.read_text(encoding="utf-8")
    if console.is_terminal:
        console.print(Syntax(source, "python", word_wrap=True, background_color="default"))
    else:
        print(source)
    for question, answer in entry.meta.follow_ups.items():
        console.print(Text(f"\n{question}", "bold"))
        console.print(Padding(Text(answer), (0, 0, 0, 2)))
    console.print(Text(f"\nSource: {entry.meta.source}", "dim"))


@app.command()
def reset(name: Name) -> None:
    """Put a kata's stub back; what was written is kept as a backup."""
    from dojo.workspace import reset as put_back

    suite = Suite.locate()
    entry = _one(suite, name)
    backup = put_back(entry)
    where = f"; your version is kept as {backup.relative_to(suite.root)}" if backup else ""
    print(f"katas/{entry.id}.py is the stub again{where}")


@app.command()
def status() -> None:
    """Show what has been solved and tried, from the record, without grading."""
    from rich.table import Table

    suite = Suite.locate()
    latest = _progress(suite).latest()
    if not latest:
        print("Nothing graded yet: `dojo list` shows the katas, `dojo grade` grades them.")
        return
    solved = _progress(suite).solved()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "kata", "last verdict", "cases"):
        table.add_column(column)
    for entry in suite.entries:
        attempt = latest.get(entry.id)
        if attempt:
            cases = f"{attempt.passed} of {attempt.total}"
            mark = "✓" if entry.id in solved else ""
            table.add_row(mark, entry.id, str(attempt.verdict), cases)
    console = _console()
    console.print(table)
    console.print(f"\n{len(solved)} of {len(suite.entries)} solved")


@app.command()
def stubs(
    names: Names = None,
    force: Annotated[bool, typer.Option(help="Overwrite edited files, with a backup.")] = False,
) -> None:
    """Derive the stubs in katas/ and README's catalogue; leave stubs that somebody has edited."""
    from dojo.catalogue import update
    from dojo.workspace import write_stub

    suite = Suite.locate()
    edited = []
    for entry in _chosen(suite, names):
        done = write_stub(entry, force=force)
        if done == "edited":
            edited.append(entry.id)
        elif done != "current":
            print(f"katas/{entry.id}.py {done}")
    if update(suite):
        print("README.md updated")
    for id in edited:
        print(f"katas/{id}.py was edited and is left as it is", file=sys.stderr)
    if edited:
        print("To derive these too, with backups: `nox -s stubs -- --force`", file=sys.stderr)
    raise typer.Exit(1 if edited else 0)


@app.command()
def new(name: Annotated[str, typer.Argument(help="topic/name")]) -> None:
    """Begin a kata: a solution and a grader to fill in."""
    from dojo.scaffold import ScaffoldError, scaffold

    suite = Suite.locate()
    try:
        paths = scaffold(suite, name)
    except ScaffoldError as error:
        _stop(str(error))
    for path in paths:
        print(f"wrote {path.relative_to(suite.root)}")
    print(f"Fill in both, then: nox -s stubs, nox -s audit -- {name}")


@app.command()
def audit(names: Names = None, jobs: Jobs = CORES) -> None:
    """Check the laws that every kata keeps; say which is broken and what to do."""
    from dojo.engine import Engine
    from dojo.laws import audit_kata, audit_suite

    suite = Suite.locate()
    broken = [] if names else list(audit_suite(suite))
    entries = _chosen(suite, names)
    with Engine() as engine, ThreadPoolExecutor(jobs) as pool:
        all_found = pool.map(lambda entry: audit_kata(entry, engine), entries)
        for entry, found in zip(entries, all_found, strict=True):
            print(f"{'✗' if found else '✓'} {entry.id}", flush=True)
            broken += found
    for violation in broken:
        print(f"\n{violation}")
    print(f"\n{len(entries)} katas audited, {len(broken)} rules broken")
    raise typer.Exit(1 if broken else 0)
