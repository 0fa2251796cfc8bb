"""What `dojo grade-all` does on the screen: progress, an orderly end, and what is left to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dojo.command import count, note
from dojo.instructor.assignment import Assignment
from dojo.instructor.collect import Collected, collect
from dojo.instructor.feedback import feedback_html, feedback_text
from dojo.instructor.grade_all import Crew, Local, grade_all
from dojo.instructor.gradebook import ExportError, canvas, moodle, plain, read_table, write_table
from dojo.instructor.grading import Graded
from dojo.instructor.results import Results, slug, write_file

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["give_feedback", "grade_class", "results_of", "write_tables"]

SHOWN: Final = 12


def give_feedback(assignment: Assignment, graded: Sequence[Graded], folder: Path) -> int:
    """Write a page and a text for each student and return how many students there are."""
    for one in graded:
        base = folder / slug(one.student)
        write_file(base.with_name(f"{base.name}.html"), feedback_html(assignment, one).encode())
        write_file(base.with_name(f"{base.name}.txt"), feedback_text(assignment, one).encode())
    return len(graded)


def write_tables(
    assignment: Assignment,
    graded: Sequence[Graded],
    targets: Mapping[str, Path | None],
    *,
    fill: Path | None,
    per_kata: bool,
) -> Iterator[Path]:
    """Write the tables that were asked for and yield their paths."""
    wanted = {kind: path for kind, path in targets.items() if path is not None}
    if not wanted:
        raise ExportError("say which table: --csv FILE, --canvas FILE or --moodle FILE")
    if fill is not None and set(wanted) - {"csv"} not in ({"canvas"}, {"moodle"}):
        raise ExportError("--fill goes with one of --canvas and --moodle: it is filled in for it")
    given = read_table(fill) if fill is not None else None
    for kind, path in wanted.items():
        if kind == "csv":
            table = plain(assignment, graded)
        elif kind == "canvas":
            table = canvas(assignment, graded, given, per_kata=per_kata)
        else:
            table = moodle(assignment, graded, given)
        write_file(path, write_table(table, mark=kind == "csv"))
        for remark in table.remarks:
            note(remark)
        yield path


def results_of(assignment: Assignment, out: Path | None = None) -> Results:
    """Return where an assignment's results lie: in the course's private folder unless told."""
    return Results(out or assignment.course / "graded" / assignment.name)


def grade_class(
    assignment: Assignment,
    places: Sequence[Path],
    *,
    jobs: int,
    scheduler: str | None,
    out: Path | None,
    sandbox: bool,
    force: bool,
) -> int:
    """Grade everything that was handed in and return the exit status."""
    collected = collect(assignment, places)
    results = results_of(assignment, out)
    done: list[Graded] = []
    total = len(collected.submissions)
    with ExitStack() as stack:

        def crew() -> Crew:
            closed = (assignment.course, results.folder)
            return stack.enter_context(_crew(assignment, jobs, scheduler, sandbox, closed))

        stack.enter_context(results.writing())
        bar = stack.enter_context(_progress(total))
        try:
            steps = grade_all(
                assignment,
                collected.submissions,
                results,
                crew,
                force=force,
                preparing=bar.prepare,
            )
            for one in steps:
                done.append(one.graded)
                bar.advance()
        except KeyboardInterrupt:
            note(
                f"interrupted: {len(done)} of {count(total, 'submission')} graded and kept; "
                "the same command goes on from there"
            )
            return 130
    _tell(assignment, collected, results, done)
    return 1 if any(graded.failed for graded in done) else 0


def _crew(
    assignment: Assignment,
    jobs: int,
    scheduler: str | None,
    sandbox: bool,
    closed: tuple[Path, ...],
) -> AbstractContextManager[Crew]:
    if scheduler is None:
        return Local.of(assignment, jobs, sandbox=sandbox, closed=closed)
    from dojo.instructor.cluster import Cluster

    return Cluster(scheduler, sandbox=sandbox)


class _Bar:
    """What is left, for somebody who watches a terminal."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._task = progress.add_task("Grading", total=total)

    def advance(self) -> None:
        """Count one submission."""
        self._done += 1
        self._show("Grading", self._done, self._total)

    def prepare(self, done: int, total: int) -> None:
        """Show the work before the first submission, which takes as long as many of them."""
        if done < total:
            self._show("Working out what is expected", done, total)
        else:
            self._show("Grading", self._done, self._total)

    def _show(self, what: str, done: int, total: int) -> None:
        self._progress.update(self._task, description=what, completed=done, total=total)


@contextmanager
def _progress(total: int) -> Iterator[_Bar]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    quiet = not console.is_terminal or console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        yield _Bar(progress, total)


def _tell(
    assignment: Assignment, collected: Collected, results: Results, done: Sequence[Graded]
) -> None:
    """Print what came of it, and what a person has to look at."""
    mean = sum(graded.total for graded in done) / len(done)
    full = sum(graded.total == graded.points for graded in done)
    print(
        f"{count(len(done), 'submission')} graded: on average {mean:.2f} of "
        f"{assignment.points:g} points, {full} with all of them"
    )
    late = [graded for graded in done if graded.late]
    if late:
        print(f"{len(late)} late, {sum(graded.kept < 1 for graded in late)} with points taken off")
    _list("whose it is or what it is cannot be told", collected.remarks)
    _list(
        "nothing in it could be graded",
        [
            g.student
            for g in done
            if all(mark.result.summary == "not handed in" for mark in g.marks)
        ],
    )
    _list(
        "to be looked at",
        [f"{g.student}: {kata}: {doubt}" for g in done for kata, doubt in g.doubts],
    )
    failed = [graded.student for graded in done if graded.failed]
    _list("not graded, for no fault of theirs: run this again", failed)
    print(f"\nResults are in {results.folder}")
    usual = results.folder == results_of(assignment).folder
    name = assignment.name + ("" if usual else f" --results {results.folder}")
    print(f"  dojo feedback {name} FOLDER      a page for each student")
    print(f"  dojo export {name} --csv FILE    grades for a spreadsheet")
    print(f"  dojo class-report {name} FILE    a page to open the lecture with")


def _list(what: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(f"\n{what} ({len(lines)}):")
    for line in lines[:SHOWN]:
        print(f"  {''.join(c if c.isprintable() else ' ' for c in line)[:200]}")
    if len(lines) > SHOWN:
        print(f"  … and {len(lines) - SHOWN} more")
    sys.stdout.flush()
