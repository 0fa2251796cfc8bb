"""A class is graded once, whoever is killed, and the same for any number of workers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sample_suite import SOLUTION

from dojo.engine import Engine
from dojo.instructor.assignment import Assignment
from dojo.instructor.grade_all import Done, Local, Made, grade_all
from dojo.instructor.grading import Graders, Mark, Submission
from dojo.instructor.results import Results, ResultsError, key_of, slug
from dojo.instructor.work import Desk, OtherVersion, Task, engine_digest, task_of, terms_of
from dojo.instructor.worker import Lost, Worker
from dojo.mistakes import find_mistakes, reference
from dojo.trouble import Trouble

KATA = "basics/scaled_sum"
RIGHT = reference(SOLUTION)
WRONG = [mistake.source for mistake in find_mistakes(SOLUTION)]
ENDS = "import os\ndef scaled_sum(x, y, scale=1.0):\n    os._exit(1)\n"
TEXTS = (RIGHT, *WRONG, ENDS, "def (", "")


def handed(n: int) -> list[Submission]:
    return [Submission(f"s{i}", {KATA: f"# {i}\n{TEXTS[i % len(TEXTS)]}"}) for i in range(n)]


class Here:
    """A crew that grades in this process and remembers what it was given."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.done: list[str] = []
        self.prepared: list[str] = []

    def prepare(self, tasks: Sequence[Task]) -> Iterator[None]:
        for task in tasks:
            self.prepared.append(task.prepare)
            assert () == self.desk.do(task)
            yield

    def each(self, tasks: Iterable[tuple[Submission, Task]]) -> Iterator[tuple[Submission, Made]]:
        for submission, task in tasks:
            self.done.append(submission.student)
            yield submission, self.desk.do(task)


@pytest.fixture
def here(engine: Engine, hw: Assignment) -> Here:
    return Here(Desk(Graders(engine, hw.suite), hw.suite))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "graded")


def contents(results: Results) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in results.folder.glob("*.json")}


def run(hw: Assignment, handed: Sequence[Submission], results: Results, crew: object) -> list[Done]:
    with results.writing():
        return list(grade_all(hw, handed, results, lambda: crew))  # type: ignore[arg-type, return-value]


# --- once, and only once --------------------------------------------------------------------------


def test_second_run_reads_what_the_first_has_done(
    hw: Assignment, here: Here, results: Results
) -> None:
    first = run(hw, handed(4), results, here)
    before = contents(results)
    again = run(hw, handed(5), results, here)

    assert ["s0", "s1", "s2", "s3", "s4"] == here.done
    assert [KATA] * 2 == here.prepared
    assert [False] * 4 == [done.again for done in first]
    assert [True] * 4 + [False] == [done.again for done in again]
    assert [done.graded for done in first] == [done.graded for done in again[:4]]
    assert before == {name: contents(results)[name] for name in before}


def test_what_a_result_depends_on_is_graded_again(
    hw: Assignment, here: Here, results: Results
) -> None:
    one = Submission("anna", {KATA: RIGHT})
    changes = [
        (hw, one),
        (hw, replace(one, sources={KATA: WRONG[3]})),
        (hw, replace(one, problems=("x",))),
        (replace(hw, scoring="all or nothing"), one),
        (replace(hw, parts=(replace(hw.parts[0], points=9.0),)), one),
        (replace(hw, per_student=True), one),
    ]
    keys = [key_of(assignment, submission) for assignment, submission in changes]
    assert len(changes) == len(set(keys))

    for assignment, submission in changes[:2]:
        run(assignment, [submission], results, here)

    assert ["anna"] * 2 == here.done
    assert 4.0 == results.all()[0].total


def test_submission_that_could_not_be_graded_is_tried_again(
    hw: Assignment, here: Here, results: Results
) -> None:
    class Broken(Here):
        def each(
            self, tasks: Iterable[tuple[Submission, Task]]
        ) -> Iterator[tuple[Submission, Made]]:
            for submission, task in tasks:
                bad = submission.student == "s1"
                yield submission, "3 workers ended over it" if bad else self.desk.do(task)

    run(hw, handed(3), results, Broken(here.desk))
    assert ["s1"] == [graded.student for graded in results.all() if graded.failed]
    run(hw, handed(3), results, here)

    assert ["s1"] == here.done
    assert not [graded for graded in results.all() if graded.failed]


def test_machine_that_can_grade_nobody_is_not_the_students_fault(
    hw: Assignment, here: Here, results: Results
) -> None:
    class Hopeless(Here):
        def each(
            self, tasks: Iterable[tuple[Submission, Task]]
        ) -> Iterator[tuple[Submission, Made]]:
            for submission, _ in tasks:
                yield submission, "no memory"

    with pytest.raises(Trouble, match=r"one after the other could not be graded.*no memory"):
        run(hw, handed(9), results, Hopeless(here.desk))


def test_few_who_bring_down_workers_do_not_keep_the_class_waiting(
    hw: Assignment, here: Here, results: Results
) -> None:
    class Hit(Here):
        def each(
            self, tasks: Iterable[tuple[Submission, Task]]
        ) -> Iterator[tuple[Submission, Made]]:
            for submission, task in tasks:
                bad = submission.student in ("s0", "s1", "s2", "s3")
                self.done.append(submission.student)
                yield submission, "3 workers ended over it" if bad else self.desk.do(task)

    crew = Hit(here.desk)
    with pytest.raises(Trouble, match="one after the other"):
        run(hw, handed(9), results, crew)
    crew.done.clear()
    done = run(hw, handed(9), results, crew)

    assert [f"s{i}" for i in (3, 4, 5, 6, 7, 8, 0, 1, 2)] == crew.done
    assert 9 == len(done)
    assert ["s0", "s1", "s2", "s3"] == [one.student for one in results.all() if one.failed]


# --- on disk --------------------------------------------------------------------------------------


def test_two_graders_do_not_write_into_one_folder(results: Results) -> None:
    with results.writing():
        with pytest.raises(ResultsError, match="another process is grading"), results.writing():
            pass
        (results.folder / ".new-half").write_bytes(b"half")
    with results.writing():
        assert [".lock"] == [path.name for path in results.folder.iterdir()]


def test_damaged_result_is_graded_again_and_never_shown(
    hw: Assignment, here: Here, results: Results
) -> None:
    run(hw, handed(2), results, here)
    results.path("s0").write_bytes(b'{"key": "half')

    with pytest.raises(ResultsError, match="is damaged"):
        results.all()
    run(hw, handed(2), results, here)

    assert ["s0", "s1", "s0"] == here.done
    assert 2 == len(results.all())


def test_names_of_files_are_harmless_and_never_the_same() -> None:
    names = ["../../etc", "a/b", "A/b", "a", "A", "", ".", "..", "x" * 999, "王芳", "CON", "a\0b"]
    slugs = [slug(name) for name in names]

    assert len(names) == len({found.lower() for found in slugs})
    assert not [found for found in slugs if not found.replace("-", "").replace("_", "").isalnum()]
    assert max(map(len, slugs)) < 80


# --- workers --------------------------------------------------------------------------------------


def test_worker_for_other_katas_or_another_engine_refuses(
    hw: Assignment, here: Here, tmp_path: Path
) -> None:
    task = task_of(hw, handed(1)[0])
    others = [
        (replace(task.terms, version="0123456789"), "its katas .* are not those of hw1"),
        (replace(task.terms, engine="x"), "its engine"),
        (replace(task.terms, platform="torch 1.0"), "and here is torch 1.0"),
        (replace(task.terms, parts=(("basics/absent", 1.0),)), "it lacks a kata"),
        (replace(task.terms, folder=str(tmp_path / "gone")), "does not have the older version"),
    ]
    for terms, expected in others:
        with pytest.raises(OtherVersion, match=expected):
            here.desk.do(replace(task, terms=terms))

    assert len(here.desk.do(task)) == 1
    assert engine_digest() == terms_of(hw).engine


def test_grades_are_the_same_bit_for_bit_here_and_with_one_or_two_workers(
    hw: Assignment, here: Here, tmp_path: Path
) -> None:
    class_ = handed(10)
    folders = [Results(tmp_path / name) for name in ("here", "one", "two")]
    run(hw, class_, folders[0], here)
    for jobs, results in ((1, folders[1]), (2, folders[2])):
        order = random.Random(jobs).sample(class_, len(class_))
        with Local.of(hw, jobs, sandbox=True, closed=(tmp_path / "graded",)) as crew:
            run(hw, order, results, crew)

    assert 10 == len(contents(folders[0]))
    assert contents(folders[0]) == contents(folders[1]) == contents(folders[2])


class Fake:
    """A worker that ends over certain answers."""

    started = 0

    def __init__(self) -> None:
        Fake.started += 1
        self.ended = False

    def do(self, task: Task) -> tuple[Mark, ...]:
        text = "".join(task.sources.values())
        if "trouble" in text:
            raise Trouble("the kata is broken")
        if self.ended or "poison" in text:
            raise Lost("out of memory")
        if "slow" in text:
            for _ in range(1000):
                time.sleep(0.01)
                if self.ended:
                    raise Lost
        return (Mark("a/b", 1.0, 1.0, None),)  # type: ignore[arg-type]

    def end(self, *, at_once: bool = False) -> None:
        self.ended = True


def crew(hw: Assignment, *texts: str, jobs: int = 2) -> tuple[Local, list[tuple[Submission, Task]]]:
    Fake.started = 0
    made = [Submission(str(i), {KATA: text}) for i, text in enumerate(texts)]
    return Local(jobs, Fake), [(one, task_of(hw, one)) for one in made]  # type: ignore[arg-type]


def test_answer_that_ends_workers_costs_only_itself(hw: Assignment) -> None:
    local, tasks = crew(hw, *["fine"] * 6, "poison", *["fine"] * 6)

    made = {one.student: marks for one, marks in local.each(tasks)}

    assert 13 == len(made)
    assert {"6": "3 workers ended over it: out of memory"} == {
        student: marks for student, marks in made.items() if isinstance(marks, str)
    }
    assert Fake.started <= 2 + 3


def test_trouble_of_a_worker_ends_the_run(hw: Assignment) -> None:
    local, tasks = crew(hw, "fine", "trouble")

    with pytest.raises(Trouble, match="the kata is broken"):
        list(local.each(tasks))


def test_end_in_the_middle_waits_for_nobody(hw: Assignment) -> None:
    local, tasks = crew(hw, "fine", *["slow"] * 8)
    start, before = time.monotonic(), threading.active_count()
    with local:
        next(local.each(tasks))

    assert time.monotonic() - start < 5
    for _ in range(100):
        time.sleep(0.02)
        if threading.active_count() <= before:
            break
    assert threading.active_count() <= before


def test_worker_ends_with_its_parent_and_leaves_no_process(hw: Assignment) -> None:
    worker = Worker(hw.suite.root, (hw.suite.root,), sandbox=True)
    pid = worker._process.pid
    assert 1 == len(worker.do(task_of(hw, handed(1)[0])))
    (warm,) = children(pid)
    worker.end()

    assert not Path(f"/proc/{pid}").exists()
    for _ in range(100):
        time.sleep(0.02)
        if not Path(f"/proc/{warm}").exists():
            break
    assert not Path(f"/proc/{warm}").exists()


def children(pid: int) -> list[str]:
    found = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return " ".join(found).split()


# --- the command ----------------------------------------------------------------------------------


def command(hw: Assignment, place: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dojo", "grade-all", str(place), "-a", "hw1", *options],
        cwd=hw.suite.root,
        env={**os.environ, "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def place(hw: Assignment, tmp_path: Path) -> Path:
    folder = tmp_path / "handed in"
    for one in handed(12):
        (folder / one.student).mkdir(parents=True)
        text = one.sources[KATA] + "\nimport time\ntime.sleep(0.05)\n"
        (folder / one.student / "scaled_sum.py").write_text(text)
    return folder


def test_killed_at_random_and_interrupted_it_goes_on_where_it_was(
    hw: Assignment, place: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    chance = random.Random(7)
    seen: dict[str, tuple[int, bytes]] = {}
    stages = []
    for kind in (signal.SIGKILL, signal.SIGINT, None):
        process = command(hw, place, "--out", str(out), "--jobs", "1")
        goal = len(seen) + chance.randint(1, 4) if kind else 99
        while process.poll() is None and len(list(out.glob("*.json"))) < goal:
            time.sleep(0.01)
        if kind is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, kind)
        said, err = process.communicate()
        assert "Traceback" not in err
        if kind is signal.SIGINT:
            assert 130 == process.returncode
            assert "the same command goes on from there" in err
        seen = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in results_in(out)}
        stages.append(seen)

    assert "12 submissions graded" in said
    assert 12 == len(seen) > len(stages[1]) > len(stages[0]) > 0
    for stage in stages:  # nothing is graded twice, and nothing was ever half written
        assert all(seen[name] == kept for name, kept in stage.items())


def results_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.json"))
