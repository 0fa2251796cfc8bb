"""What grading a class costs, beside the usual nbgrader way: a kernel for each submission.

    python -m dojo.instructor.bench [--sizes 30,100,300] [--jobs 2] [--usual 10]

Both ways grade the same answers to the same five katas. Processor seconds and memory are those of
every process that takes part, so that a busy machine changes them less than it changes the clock.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dojo.instructor.assignment import Assignment, load
from dojo.instructor.grading import Submission
from dojo.mistakes import find_mistakes, reference
from dojo.suite import Suite

__all__ = ["Cost", "answers", "main", "ours", "usual"]

KATAS: Final = (
    "basics/softmax",
    "attention/scaled_dot_product",
    "normalization/layer_norm",
    "recurrent/lstm_cell",
    "bandits/ucb1",
)
RIGHT_SHARE: Final = 0.55
POINTS: Final = 5


@dataclass(frozen=True)
class Cost:
    """What it took to grade some submissions."""

    what: str
    submissions: int
    seconds: float
    cpu: float
    """Processor seconds, of all processes together."""
    peak: float
    """MiB at the highest, of all processes together, with what they share counted once."""

    @property
    def each(self) -> float:
        """Processor seconds for one submission."""
        return self.cpu / self.submissions


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table and write `.dojo/bench-class.json`."""
    parser = argparse.ArgumentParser(prog="python -m dojo.instructor.bench")
    parser.add_argument("--sizes", default="30,100,300", help="how many submissions, in turn")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--usual", type=int, default=10, help="submissions for nbgrader; 0: none")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    suite = Suite.locate()
    with tempfile.TemporaryDirectory(prefix="dojo-bench-") as folder:
        assignment = make_course(suite, Path(folder))
        handed = answers(assignment, max(sizes))
        costs = [ours(assignment, handed[:1], options.jobs, "dojo, what is expected")]
        for size in sizes:
            costs.append(ours(assignment, handed[:size], options.jobs, "dojo grade-all"))
            print(_line(costs[-1]), flush=True)
        if options.usual:
            costs.append(usual(assignment, handed[: options.usual]))
            print(_line(costs[-1]), flush=True)
            times = costs[-1].each / costs[-2].each
            print(f"a submission costs the usual way {times:.1f} times as much (aim: 20)")
    for one, other in itertools.pairwise(costs[1:]):
        if one.what == other.what:
            growth = (other.cpu / one.cpu) / (other.submissions / one.submissions)
            print(f"{one.submissions} → {other.submissions}: {growth:.2f} of linear (aim: 1.1)")
    path = suite.root / ".dojo" / "bench-class.json"
    path.parent.mkdir(exist_ok=True)
    rows = [asdict(cost) | {"each": cost.each} for cost in costs]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(suite.root)}")


def _line(cost: Cost) -> str:
    return (
        f"{cost.what}: {cost.submissions} submissions in {cost.seconds:.0f} s, {cost.cpu:.0f} CPU "
        f"s, {cost.each:.3f} CPU s each, peak {cost.peak:.0f} MiB"
    )


def make_course(suite: Suite, root: Path) -> Assignment:
    """Copy the five katas into a suite of their own and begin an assignment."""
    from dojo.instructor.begin import begin

    for kata in KATAS:
        for tree in ("katas", "solutions", "graders"):
            copy = root / tree / f"{kata}.py"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(suite.root / tree / f"{kata}.py", copy)
    shutil.copyfile(suite.root / "katas" / "SHA256SUMS", root / "katas" / "SHA256SUMS")
    begin(Suite(root), "hw1", KATAS, title="Homework", points=float(POINTS))
    return load(Suite(root), "hw1")


def answers(assignment: Assignment, n: int) -> list[Submission]:
    """Return submissions as a class makes them: half right, most others wrong in a known way."""
    chance = random.Random(2026)
    known = {
        entry.id: (reference(text), [mistake.source for mistake in find_mistakes(text)])
        for entry in assignment.entries
        for text in [entry.solution.read_text(encoding="utf-8")]
    }

    def one(kata: str, number: int) -> str:
        right, wrong = known[kata]
        kind = chance.random()
        text = right if kind < RIGHT_SHARE else chance.choice(wrong)
        if kind > 0.97:
            text = "def broken(:\n"
        return f"{text}\n# {number}\n"  # no two texts are the same

    return [Submission(f"s{i:04}", {kata: one(kata, i) for kata in KATAS}) for i in range(n)]


def ours(assignment: Assignment, handed: Sequence[Submission], jobs: int, what: str) -> Cost:
    """Grade with our workers, into a folder that is new."""
    from dojo.instructor.grade_all import Local, grade_all
    from dojo.instructor.results import Results

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="dojo-bench-") as folder:
            results = Results(Path(folder))
            closed = (assignment.course, results.folder)
            with Local.of(assignment, jobs, sandbox=True, closed=closed) as crew:
                with results.writing():
                    graded = [
                        done.graded for done in grade_all(assignment, handed, results, lambda: crew)
                    ]
                assert len(handed) == len(graded)
                assert not [one.student for one in graded if one.failed]
                crew.finish()

    return measured(what, len(handed), work)


def measured(what: str, n: int, work: Callable[[], None]) -> Cost:
    """Return what some work costs in this process and all that it starts and waits for."""
    before, start = _cpu(), time.monotonic()
    with _watched() as peak:
        work()
    return Cost(what, n, time.monotonic() - start, _cpu() - before, max(peak))


def _cpu() -> float:
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Note the memory of this process and everything below it, several times a second."""
    seen = [0.0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            seen.append(sum(_share(pid) for pid in _tree(os.getpid())))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:  # grows
        with suppress(OSError):
            for path in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, path.read_text().split())
    return found


def _share(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


# --- the usual way --------------------------------------------------------------------------------

TESTS: Final = {
    "basics/softmax": """
rng = np.random.default_rng(0)
x = rng.normal(size=(4, 5))
np.testing.assert_allclose(softmax(x), ref.softmax(x))
np.testing.assert_allclose(softmax(x, axis=0), ref.softmax(x, axis=0))
np.testing.assert_allclose(softmax(x * 1e5), ref.softmax(x * 1e5))
assert softmax(x.astype("float32")).dtype == np.float32
""",
    "attention/scaled_dot_product": """
rng = np.random.default_rng(1)
q, k, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 6))
mask = rng.random((3, 5)) < 0.6
for m in (None, mask):
    for a, b in zip(
        scaled_dot_product_attention(q, k, v, m), ref.scaled_dot_product_attention(q, k, v, m)
    ):
        np.testing.assert_allclose(a, b)
""",
    "normalization/layer_norm": """
torch.manual_seed(0)
x = torch.randn(2, 5, 8)
ours, theirs = ref.LayerNorm((8,)), LayerNorm((8,))
torch.testing.assert_close(theirs(x), ours(x))
torch.testing.assert_close(theirs(x * 100 + 1000), ours(x * 100 + 1000))
theirs(x).square().sum().backward()
ours(x).square().sum().backward()
torch.testing.assert_close(theirs.weight.grad, ours.weight.grad)
""",
    "recurrent/lstm_cell": """
torch.manual_seed(0)
arguments = torch.randn(2, 3), (torch.randn(2, 5), torch.randn(2, 5))
weights = torch.randn(20, 3), torch.randn(20, 5), torch.randn(20), torch.randn(20)
for a, b in zip(lstm_cell(*arguments, *weights), ref.lstm_cell(*arguments, *weights)):
    torch.testing.assert_close(a, b)
""",
    "bandits/ucb1": """
ours, theirs = (cls(4, np.random.default_rng(0)) for cls in (ref.UCB1, UCB1))
for step in range(200):
    if step >= 4:
        assert ours.select() == theirs.select()
    arm, reward = step % 4, float(np.random.default_rng(step).random())
    ours.update(arm, reward)
    theirs.update(arm, reward)
""",
}
"""Hidden tests as a careful instructor writes them by hand, with the reference beside them."""


PROGRAM: Final = """
import logging, sys
from traitlets.config import Config
from nbgrader.apps import NbGraderAPI
config = Config()
config.CourseDirectory.root = sys.argv[1]
config.NbGrader.logfile = None
api = NbGraderAPI(config=config)
made = api.generate_assignment("hw1", force=True)
assert made["success"], made
for student in sys.argv[2:]:
    done = api.autograde("hw1", student)
    assert done["success"], done
with api.gradebook as book:
    print([book.find_submission("hw1", student).score for student in sys.argv[2:]])
"""


def usual(assignment: Assignment, handed: Sequence[Submission]) -> Cost:
    """Grade with nbgrader alone: hidden tests in cells, a fresh kernel for each submission."""
    with tempfile.TemporaryDirectory(prefix="dojo-bench-") as folder:
        root = Path(folder)
        _write_notebook(root / "source" / "hw1", assignment, None)
        for one in handed:
            _write_notebook(root / "submitted" / one.student / "hw1", assignment, one)
        home = root / "home"
        home.mkdir()
        environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
            "OMP_NUM_THREADS": "1",
        }

        def work() -> None:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, str(root), *(one.student for one in handed)],
                env=environment,
                cwd=root,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"nbgrader does not work here:\n{done.stderr[-2000:]}")
            scores = json.loads(done.stdout.strip().splitlines()[-1])
            assert 0 <= min(scores) <= max(scores) <= POINTS * len(KATAS)
            assert len(handed) < 5 or max(scores) > 0, scores

        return measured("nbgrader, a kernel each", len(handed), work)


def _write_notebook(folder: Path, assignment: Assignment, one: Submission | None) -> None:
    """Write the instructor's notebook, or a student's copy of it."""
    cells: list[dict[str, Any]] = []
    for kata in KATAS:
        name = kata.rpartition("/")[2]
        solution = reference(assignment.entry(kata).solution.read_text(encoding="utf-8"))
        text = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
        test = _hidden(kata, solution)
        if one is not None:
            text, test = one.sources[kata], ""
        cells.append(_cell(name, text, solution=True))
        cells.append(_cell(f"{name}-test", test, solution=False))
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": cells,
    }
    folder.mkdir(parents=True)
    (folder / "hw1.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _hidden(kata: str, solution: str) -> str:
    return (
        "### BEGIN HIDDEN TESTS\nimport types\n\nimport numpy as np\nimport torch\n\n"
        f"ref = types.ModuleType('ref')\nexec({solution!r}, vars(ref))\n"
        f"{TESTS[kata].strip()}\n### END HIDDEN TESTS"
    )


def _cell(grade_id: str, source: str, *, solution: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": not solution,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    return {
        "cell_type": "code",
        "id": grade_id.replace("_", "-"),
        "metadata": {"nbgrader": made if solution else {**made, "points": POINTS}},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


if __name__ == "__main__":
    main()
