"""The commands of this package; each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dojo.command import CORES, count, waiting
from dojo.suite import Suite

__all__ = ["app"]

app = typer.Typer()

assignment_app = typer.Typer(no_args_is_help=True, help="Begin and check assignments.")
app.add_typer(assignment_app, name="assignment")

ResultsFolder = Annotated[
    Path | None, typer.Option(help="Where results lie, if grade-all was given --out.")
]
AssignmentName = Annotated[str, typer.Argument(help="Its name or its file.", metavar="ASSIGNMENT")]


@assignment_app.command(name="new")
def assignment_new(
    name: Annotated[str, typer.Argument(help="Letters, digits, - and _.", metavar="NAME")],
    katas: Annotated[list[str], typer.Option(help="Ids or names, separated by commas.")],
    title: Annotated[str, typer.Option(help="What students read at the top.")] = "",
    points: Annotated[float, typer.Option(help="Points of each kata, to begin with.")] = 5.0,
) -> None:
    """Write the file of a new assignment, to be filled in.

    Example: dojo assignment new hw1 --katas softmax,scaled_dot_product
    """
    from dojo.instructor.begin import begin

    begun = begin(Suite.locate(), name, katas, title=title, points=points)
    print(f"wrote {begun.path} with {count(len(begun.katas), 'kata')}")
    if begun.secret_is_new:
        print(f"wrote {begun.secret}: keep a copy where only you can read it")
    print(f"\nSet title, due date and points there, then: dojo assignment check {name}")


@assignment_app.command(name="check")
def assignment_check(
    assignment: AssignmentName,
    quick: Annotated[bool, typer.Option("--quick", help="Run no kata.")] = False,
) -> None:
    """List all that is wrong with an assignment, and what a release holds.

    Example: dojo assignment check hw1
    """
    from dojo.instructor.checks import contents, kata_problems, problems

    suite = Suite.locate()
    found, wrong = problems(suite, assignment)
    if found is not None and not wrong and not quick:
        from dojo.engine import Engine

        with Engine(closed=[suite.root, found.course]) as engine, waiting("Running the katas"):
            for entry in found.entries:
                wrong += kata_problems(found, entry, engine)
    for problem in wrong:
        print(f"✗ {problem}")
    if found is None or wrong:
        print(f"\n{count(len(wrong), 'problem')}: mend {'it' if len(wrong) == 1 else 'them'} first")
        raise typer.Exit(1)
    print("✓ all is well" + ("" if quick else ", and the katas work with this course's inputs"))
    print("\n".join(("", "A release holds:", *contents(found))))


@app.command()
def release(
    assignment: AssignmentName,
    folder: Annotated[Path, typer.Argument(help="Where it goes.", metavar="FOLDER")],
    to: Annotated[str, typer.Option(help="files, gradescope, github or nbgrader.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite an earlier release there.")
    ] = False,
) -> None:
    """Hand an assignment out, unless something private would be in it.

    Example: dojo release hw1 --to files out/hw1
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.release import find_target
    from dojo.instructor.release import release as hand_out

    target = find_target(to)
    loaded = load(Suite.locate(), assignment)
    with waiting("Writing and looking for leaks"):
        done = hand_out(loaded, target, folder, replace=replace)
    print(f"released version {done.version} to {done.folder}")
    for step in done.next_steps:
        print(f"  {step}")


@app.command(name="grade-all")
def grade_all(
    submissions: Annotated[
        list[Path],
        typer.Argument(help="Folders or archives of submissions.", metavar="SUBMISSIONS"),
    ],
    assignment: Annotated[
        str, typer.Option("--assignment", "-a", help="Its name or its file.", metavar="ASSIGNMENT")
    ],
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Submissions at the same time.")
    ] = CORES,
    scheduler: Annotated[
        str | None, typer.Option(help="A dask scheduler, tcp://HOST:PORT, in place of --jobs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where results go; the course's folder unless told.")
    ] = None,
    without_sandbox: Annotated[
        bool, typer.Option("--without-sandbox", help="Grade even where walls are missing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade again what is graded.")] = False,
) -> None:
    """Grade a class from folders, archives or a download.

    Bulk downloads of Canvas and Moodle are read as they come. Answers may be .py files
    and notebooks. Run again, it goes on where it was.

    Example: dojo grade-all submissions.zip -a hw1
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.classroom import grade_class

    raise typer.Exit(
        grade_class(
            load(Suite.locate(), assignment),
            submissions,
            jobs=jobs,
            scheduler=scheduler,
            out=out,
            sandbox=not without_sandbox,
            force=force,
        )
    )


@app.command()
def feedback(
    assignment: AssignmentName,
    folder: Annotated[Path, typer.Argument(help="Where it goes.", metavar="FOLDER")],
    results: ResultsFolder = None,
) -> None:
    """Write feedback that teaches and reveals nothing hidden.

    Example: dojo feedback hw1 out/feedback
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.classroom import give_feedback, results_of

    loaded = load(Suite.locate(), assignment)
    n = give_feedback(loaded, results_of(loaded, results).all(), folder)
    print(f"wrote feedback for {count(n, 'student')} into {folder}")


@app.command()
def export(
    assignment: AssignmentName,
    plain: Annotated[Path | None, typer.Option("--csv", help="A table with everything.")] = None,
    canvas: Annotated[Path | None, typer.Option(help="A table that Canvas imports.")] = None,
    moodle: Annotated[Path | None, typer.Option(help="A worksheet that Moodle imports.")] = None,
    fill: Annotated[
        Path | None, typer.Option(help="What Canvas or Moodle gave out, to be filled in.")
    ] = None,
    per_kata: Annotated[
        bool, typer.Option("--per-kata", help="For Canvas: a column for each kata.")
    ] = False,
    results: ResultsFolder = None,
) -> None:
    """Write the grades as tables, safe to open in a spreadsheet.

    Example: dojo export hw1 --csv grades.csv --canvas canvas.csv
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.classroom import results_of, write_tables

    loaded = load(Suite.locate(), assignment)
    graded = results_of(loaded, results).all()
    targets = {"csv": plain, "canvas": canvas, "moodle": moodle}
    for path in write_tables(loaded, graded, targets, fill=fill, per_kata=per_kata):
        print(f"wrote {path}")


@app.command(name="class-report")
def class_report(
    assignment: AssignmentName,
    file: Annotated[Path, typer.Argument(help="An HTML file to write.", metavar="FILE")],
    results: ResultsFolder = None,
) -> None:
    """Write one page about the class to open the lecture with.

    Example: dojo class-report hw1 out/hw1.html
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.class_report import class_report as report
    from dojo.instructor.classroom import results_of
    from dojo.instructor.results import write_file

    loaded = load(Suite.locate(), assignment)
    write_file(file, report(loaded, results_of(loaded, results).all()).encode())
    print(f"wrote {file}")


@app.command()
def similar(
    submissions: Annotated[
        list[Path],
        typer.Argument(help="Folders or archives of submissions.", metavar="SUBMISSIONS"),
    ],
    assignment: Annotated[
        str, typer.Option("--assignment", "-a", help="Its name or its file.", metavar="ASSIGNMENT")
    ],
    out: Annotated[Path, typer.Option(help="An HTML file to write.")] = Path("similar.html"),
    threshold: Annotated[
        float, typer.Option(min=0.1, max=1.0, help="How much alike, from 0 to 1.")
    ] = 0.7,
) -> None:
    """Report suspiciously similar answers, with both sides.

    Example: dojo similar submissions.zip -a hw1 --out out/similar.html
    """
    from dojo.instructor.assignment import load
    from dojo.instructor.collect import collect
    from dojo.instructor.results import write_file
    from dojo.instructor.similar import find_pairs, similar_html

    loaded = load(Suite.locate(), assignment)
    with waiting("Comparing"):
        handed = collect(loaded, submissions).submissions
        pairs = find_pairs(loaded, handed, threshold)
    n = sum(len(one.sources) for one in handed)
    write_file(out, similar_html(loaded, pairs, threshold, n).encode())
    for pair in pairs[:10]:
        print(f"{pair.similarity:4.0%} {pair.kata}: {' and '.join(pair.students)}")
    print(f"{count(len(pairs), 'pair')} among {count(n, 'answer')}; both sides are in {out}")
