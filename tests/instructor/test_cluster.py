"""A dask cluster gives the same grades, whoever dies, joins late or has other katas."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sample_suite import SOLUTION

from dojo.engine import Engine
from dojo.instructor.assignment import Assignment
from dojo.instructor.cluster import Cluster, ClusterError
from dojo.instructor.grade_all import grade_all
from dojo.instructor.grading import Graders, Submission, encode, grade_submission
from dojo.instructor.results import Results
from dojo.mistakes import find_mistakes, reference
from dojo.suite import Suite

pytest.importorskip("distributed")

KATA = "basics/scaled_sum"
TEXTS = (reference(SOLUTION), *(mistake.source for mistake in find_mistakes(SOLUTION)), "def (")


def handed(n: int) -> list[Submission]:
    late = "\nimport time\ntime.sleep(0.1)\n"
    return [Submission(f"s{i}", {KATA: f"# {i}\n{TEXTS[i % len(TEXTS)]}{late}"}) for i in range(n)]


@pytest.fixture
def address() -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    with running("scheduler", *options):
        yield f"tcp://127.0.0.1:{port}"


class running:
    """A process of dask's, for as long as it is needed."""

    def __init__(self, *arguments: str, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            cwd=cwd,
            env={**os.environ, "DOJO_ROOT": str(cwd or ""), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()


def worker(address: str, root: Path, folder: Path) -> running:
    options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]
    return running("worker", address, *options, cwd=root)


def test_workers_die_come_late_and_have_other_katas_and_the_grades_are_the_same(
    hw: Assignment,
    engine: Engine,
    address: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class_ = handed(12)
    graders = Graders(engine, hw.suite)
    expected = {one.student: encode(grade_submission(graders, hw, one)) for one in class_}
    other = tmp_path / "other"
    for tree in ("katas", "solutions", "graders"):
        shutil.copytree(hw.suite.root / tree, other / tree)
    solution = Suite(other).entries[0].solution
    solution.write_text(solution.read_text() + "# changed\n")
    results = Results(tmp_path / "graded")

    with ExitStack() as stack:
        stack.enter_context(worker(address, other, tmp_path / "w0"))
        first = stack.enter_context(worker(address, hw.suite.root, tmp_path / "w1"))
        cluster = stack.enter_context(Cluster(address, sandbox=True, patience=60))
        stack.enter_context(results.writing())
        found = {}
        for done in grade_all(hw, class_, results, lambda: cluster):
            found[done.graded.student] = encode(done.graded)
            if len(found) == 3:
                first.send_signal(signal.SIGKILL)
                stack.enter_context(worker(address, hw.suite.root, tmp_path / "w2"))

    assert expected == found
    assert 12 == len(results.all())
    said = " ".join(capsys.readouterr().err.split())
    assert "gets no work: its katas" in said and "copy the same folder of katas there" in said


def test_no_scheduler_and_no_worker_say_what_to_start(hw: Assignment, address: str) -> None:
    with pytest.raises(ClusterError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        Cluster("tcp://127.0.0.1:9", sandbox=True, connect=1).__enter__()
    with Cluster(address, sandbox=True, patience=1) as cluster:
        from dojo.instructor.work import task_of

        tasks = [(one, task_of(hw, one)) for one in handed(1)]
        with pytest.raises(ClusterError, match="Start some with `dask worker`"):
            list(cluster.each(tasks))
