"""`nox -s bench [-- --write]`: how long a verdict takes, as ratios measured in one run.

Every figure stands beside what it is compared with, so that a slow or busy machine changes both.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.mistakes import reference
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import progress

__all__ = ["Figure", "main", "measure", "save_to_verdict", "write_page"]

ROUNDS: Final = 5
ANSWERS: Final = 100
KATA: Final = "recurrent/lstm_cell"
"""The one kata that is graded alone."""
NO_AIM: Final = 1e9
"""For information only."""
PAGE: Final = "docs/performance.md"
MARKS: Final = ("<!-- bench -->", "<!-- /bench -->")
HEADINGS: Final = ("what", "beside", "measured", "other", "ratio", "aim")


@dataclass(frozen=True)
class Figure:
    """One line of the table: a figure, what it is divided by, and the ratio that is aimed at."""

    what: str
    seconds: float
    beside: str
    other: float
    aim: float

    @property
    def ratio(self) -> float:
        """How many times the other."""
        return self.seconds / self.other

    @property
    def met(self) -> bool:
        """Whether the aim is met, if there is one."""
        return self.ratio <= self.aim


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table and write `.dojo/bench.json`; with `--write` the page about it too."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument("--write", action="store_true", help="fill the table of " + PAGE)
    options = parser.parse_args(arguments)
    suite = Suite.locate()
    console = Console(width=None if sys.stdout.isatty() else 120)
    figures = []
    with console.status("measuring"):
        for figure in measure(suite):
            figures.append(figure)
            console.print(f"{figure.ratio:8.3f}  {figure.what}", style="dim", highlight=False)
    table = Table(*HEADINGS, "", box=None, pad_edge=False, header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    for figure in figures:
        table.add_row(*_cells(figure), "" if figure.met else "missed")
    console.print(table)
    path = suite.root / ".dojo" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    rows = [asdict(figure) | {"ratio": figure.ratio, "met": figure.met} for figure in figures]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    console.print(f"\nin seconds; written to {path.relative_to(suite.root)}")
    if options.write:
        write_page(suite.root / PAGE, figures)
        console.print(f"and to {PAGE}")


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.what,
        figure.beside or "(seconds)",
        f"{figure.seconds:.3g}",
        f"{figure.other:.3g}" if figure.beside else "",
        f"{figure.ratio:.3f}",
        f"≤ {figure.aim:.3g}" if figure.aim < NO_AIM else "",
    )


def write_page(page: Path, figures: Sequence[Figure]) -> None:
    """Put the table between the page's two marks."""
    lines = [HEADINGS, ("---", "---", *(4 * ("---:",))), *map(_cells, figures)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    when = f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, mark, after = rest.partition(MARKS[1])
    if not mark:
        raise SystemExit(f"{page} lacks {MARKS[0]} and {MARKS[1]}: put them where the table goes")
    text = f"{before}{MARKS[0]}\n\nMeasured {when}.\n\n{table}\n\n{MARKS[1]}{after}"
    page.write_text(text, encoding="utf-8")


def measure(suite: Suite) -> Iterator[Figure]:
    """Yield every figure, in one run on one machine; what is compared takes turns."""
    with _solved(suite) as solved:
        expected = solved.root / ".dojo" / "expected"
        empty = _time(lambda: _grade_command(solved))
        n = len(solved.entries)
        yield Figure(f"dojo grade of all {n}, nothing on disk yet", empty, "", 1, 20)

        def anew() -> None:
            shutil.rmtree(expected / KATA)
            _grade_command(solved, KATA)

        one, first, every, torch = _in_turn(
            lambda: _grade_command(solved, KATA),
            anew,
            lambda: _grade_command(solved),
            lambda: _run(solved, "import torch"),
        )
        yield Figure("dojo grade of one kata, cold", one, "import torch", torch, 1.25)
        what = "dojo grade of one kata, cold, nothing on disk yet"
        yield Figure(what, first, "import torch", torch, NO_AIM)
        aim = 1.25 + 0.05 * n
        yield Figure(f"dojo grade of all {n}, cold", every, "import torch", torch, aim)
        yield from _warm(solved, torch)
        each = list(save_to_verdict(solved))
        yield Figure("save to verdict, watching, median kata", statistics.median(each), "", 1, 0.15)
        yield Figure("save to verdict, watching, fastest kata", min(each), "", 1, 0.03)
        yield Figure("save to verdict, watching, slowest kata", max(each), "", 1, NO_AIM)


def save_to_verdict(suite: Suite) -> Iterator[float]:
    """Yield the median seconds from a save to the verdict, as `dojo watch` comes by it, by kata."""
    from dojo.practice.desk import Desk, Graded, Sheet
    from dojo.practice.saves import Saved, Saves, Watching

    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    stubs = {entry.stub.resolve(): entry for entry in suite.entries}
    folder = (suite.root / "katas").resolve()
    with (
        Desk(suite, progress(suite.root), news.put) as desk,
        Saves([folder], lambda path: path in stubs, news.put),
    ):
        while not isinstance(news.get(timeout=60), Watching):
            pass
        for entry in suite.entries:
            text = entry.stub.read_text(encoding="utf-8")
            took = []
            for number in range(ROUNDS + 1):
                entry.stub.write_text(f"{text}\n# {number}\n", encoding="utf-8")
                start = time.perf_counter()
                while not isinstance(event := news.get(timeout=120), Graded):
                    if isinstance(event, Saved):
                        desk.grade(Sheet(entry, entry.stub, "watch"))
                assert event.result.passed, event
                took.append(time.perf_counter() - start)
            yield statistics.median(took[1:])  # the first one works out what is expected


def _warm(suite: Suite, torch: float) -> Iterator[Figure]:
    with _graders(suite) as grader, _graders(suite, sandbox=False) as open_grader:
        each = [
            statistics.median(_time(partial(grader.grade, entry)) for _ in range(ROUNDS))
            for entry in suite.entries
        ]
        yield Figure("save to verdict, warm, median kata", statistics.median(each), "", 1.0, 0.15)
        yield Figure("save to verdict, warm, fastest kata", min(each), "", 1.0, 0.03)
        yield Figure("each kata, warm, mean", statistics.mean(each), "import torch", torch, 0.05)
        one, two, without = _in_turn(
            lambda: _many(grader, suite, 1, 1),
            lambda: _many(grader, suite, 1, 2),
            lambda: _many(open_grader, suite, 1, 1),
        )
        yield Figure("100 answers, 2 workers", two, "1 worker", one, 1 / 1.8)
        yield Figure("100 answers, sandbox on", one, "off", without, 1.3)
    with _graders(suite) as grader:  # alone: what it holds and uses is looked up
        child, warm = _child_memory(grader, suite)
        yield Figure("memory of its own, one child, MiB", child, "the warm process", warm, 0.25)
        cpu, fresh = _cpu(grader, suite), _fresh_cpu(suite)
        yield Figure("100 answers, CPU time each", cpu, "of import torch", fresh, 0.06)
        one, before = _many(grader, suite, 1, 1), _memory()
        ten, after = _many(grader, suite, 10, 1), _memory()
        one = min(one, _many(grader, suite, 1, 1))
        yield Figure("1000 answers", ten, "100 answers", one, 10.5)
        yield Figure("memory after 1000 answers, MiB", after, "before", before, 1.1)


@contextmanager
def _graders(suite: Suite, *, sandbox: bool = True) -> Iterator[Grader]:
    """Yield a grader that has graded every kata once: everything is in place."""
    with Engine(closed=[suite.root], sandbox=sandbox) as engine:
        grader = Grader(engine, suite.root / ".dojo" / "expected")
        for entry in suite.entries:
            result = grader.grade(entry)
            assert result.verdict is Verdict.PASSED, result
        yield grader


def _memory() -> float:
    """Return the MiB of this process and the warm one."""
    return sum(_held(pid) for pid in ("self", *_children("self")))


def _held(pid: str, kind: str = "Pss") -> float:
    """Return the MiB that a process holds: its share of what is shared, or its own alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return (
        sum(
            int(line.split()[1])
            for line in lines
            if line.startswith(f"{kind}:" if kind == "Pss" else kind)
        )
        / 1024
    )


def _child_memory(grader: Grader, suite: Suite) -> tuple[float, float]:
    """Return what a child holds while it works, and what the warm process holds, in MiB."""
    entry = max(suite.entries, key=lambda entry: _time(partial(grader.grade, entry)))
    (warm,) = _children("self")
    found: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: [grader.grade(entry) for _ in range(ROUNDS)])
        while not running.done():
            with suppress(OSError, StopIteration):
                found += [_held(child, "Private_") for child in _children(warm)]
    return statistics.median(found), _held(warm)


@contextmanager
def _solved(suite: Suite) -> Iterator[Suite]:
    """Make a copy of the suite in which every kata is answered by its reference."""
    with tempfile.TemporaryDirectory(prefix="dojo-bench-") as folder:
        root = Path(folder)
        for tree in ("solutions", "graders"):
            shutil.copytree(suite.root / tree, root / tree)
        for entry in suite.entries:
            path = root / "katas" / f"{entry.id}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(reference(entry.solution.read_text(encoding="utf-8")), encoding="utf-8")
        yield Suite(root)


def _run(suite: Suite, *arguments: str) -> None:
    source = str(Path(__file__).parent.parent)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": source}
    subprocess.run(
        [sys.executable, "-c", *arguments],
        cwd=suite.root,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _grade_command(suite: Suite, *names: str) -> None:
    command = "import sys; from dojo.__main__ import main; main()"
    _run(suite, command, "grade", *names)


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _in_turn(*works: Callable[[], object]) -> tuple[float, ...]:
    """Return the median time of each work; they take turns, so that all meet the same machine."""
    times = [[_time(work) for work in works] for _ in range(ROUNDS)]
    return tuple(map(statistics.median, zip(*times, strict=True)))


def _fresh_cpu(suite: Suite) -> float:
    """Return the CPU seconds of a fresh process that imports torch."""
    found = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(suite, "import torch")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(found)


def _cpu(grader: Grader, suite: Suite) -> float:
    """Return CPU seconds per answer, parent and children together."""
    before = _cpu_now()
    _many(grader, suite, 1, 1)
    return (_cpu_now() - before) / ANSWERS


def _cpu_now() -> float:
    """Return this process's CPU seconds, and those of the warm process and its dead children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = own.ru_utime + own.ru_stime
    for pid in _children("self"):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


def _children(pid: str) -> list[str]:
    """Return a process's children; bubblewrap's own are in its place."""
    found = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    children = []
    for child in " ".join(found).split():
        name = Path(f"/proc/{child}/comm").read_text().strip()
        children += _children(child) if name == "bwrap" else [child]
    return children


def _many(grader: Grader, suite: Suite, hundreds: int, jobs: int) -> float:
    """Grade answers in turn and return how long it took."""
    katas = suite.entries[:5]
    work = [katas[i % len(katas)] for i in range(hundreds * ANSWERS)]
    with ThreadPoolExecutor(jobs) as pool:
        return _time(lambda: list(pool.map(grader.grade, work)))


if __name__ == "__main__":
    main()
