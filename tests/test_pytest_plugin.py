"""Plain `pytest katas/…` grades: one test per case, and none of the learner's code in here."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo.engine import Engine, EngineError
from dojo.mistakes import find_mistakes, reference
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import progress

RIGHT = reference(SOLUTION)
WRONG = find_mistakes(SOLUTION)[1]  # the case of a scale of zero passes
FILE = "katas/basics/scaled_sum.py"
CASES = ["output[n=3,m=4,scale=2.5]", "output[n=1,m=1,scale=0.5]", "float64[n=5]", "zero[n=2]"]
IDS = [f"{FILE}::{case}" for case in CASES]


class Borrowed:
    """An engine that outlives the session under test."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.starts: list[dict[str, Any]] = []

    def __call__(self, **options: Any) -> Borrowed:
        self.starts.append(options)
        return self

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class Session:
    """What a session of pytest collected and found."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.outcomes: dict[str, str] = {}
        self.words: dict[str, str] = {}
        self.errors: list[str] = []
        self.status = 0
        self.out = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = session.items

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.skipped:
            self.outcomes[report.nodeid] = report.outcome
            self.words[report.nodeid] = report.longreprtext

    @property
    def ids(self) -> list[str]:
        return [item.nodeid for item in self.items]


Run = Callable[..., Session]


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    suite = make_suite()
    (suite.root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return suite


@pytest.fixture
def borrowed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Borrowed:
    borrowed = Borrowed(engine)
    monkeypatch.setattr("dojo.pytest_plugin.Engine", borrowed)
    return borrowed


@pytest.fixture
def run(
    suite: Suite,
    borrowed: Borrowed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run pytest in this process, with the engine that all tests share."""

    def run(*arguments: str) -> Session:
        monkeypatch.chdir(suite.root)
        quiet = [f"-pno:{name}" for name in ("faulthandler", "logging", "xdist")]
        plugins = ["-pdojo.pytest_plugin", *quiet]
        session = Session()
        capsys.readouterr()
        chosen = arguments if any("katas" in word for word in arguments) else (*arguments, "katas")
        session.status = int(
            pytest.main([*plugins, f"--rootdir={suite.root}", *chosen], plugins=[session])
        )
        session.out = capsys.readouterr().out
        return session

    return run


def write(suite: Suite, source: str) -> None:
    suite.entries[0].stub.write_text(source, encoding="utf-8")


# --- collecting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["katas", "katas/basics", FILE])
def test_each_case_is_one_test(run: Run, argument: str) -> None:
    assert IDS == run("--collect-only", argument).ids


def test_ids_are_printed_as_they_are_typed(run: Run) -> None:
    assert IDS == run("--collect-only", "-q").out.splitlines()[: len(IDS)]


@pytest.mark.parametrize("id", IDS)
def test_a_case_is_named_by_its_id(run: Run, id: str) -> None:
    assert [id] == run("--collect-only", id).ids


def test_function_of_several_cases_is_no_test(run: Run) -> None:
    assert pytest.ExitCode.USAGE_ERROR == run("--collect-only", f"{FILE}::nothing").status


def test_expression_selects_cases(run: Run) -> None:
    assert IDS[:2] == run("--collect-only", "-k", "output").ids
    assert IDS[3:] == run("--collect-only", "-k", "scaled_sum and zero").ids


def test_editor_finds_every_case_in_the_learners_file(run: Run, suite: Suite) -> None:
    session = run("--collect-only")

    assert [suite.entries[0].stub] * 4 == [item.path for item in session.items]
    assert [(FILE, 0)] * 4 == [item.location[:2] for item in session.items]
    assert "scaled_sum: keeps double precision float64[n=5]" == session.items[2].location[2]
    assert [type(session.items[0].parent)] * 4 == [type(item.parent) for item in session.items]
    assert {suite.entries[0].stub} == {item.parent.path for item in session.items if item.parent}


def test_collecting_starts_no_engine(run: Run, borrowed: Borrowed) -> None:
    run("--collect-only")

    assert [] == borrowed.starts


def test_file_of_no_kata_is_no_test_of_ours(run: Run, suite: Suite) -> None:
    (suite.root / "katas" / "basics" / "scratch.py").write_text("raise SystemExit\n")
    (suite.root / "katas" / "basics" / "notes.txt").write_text("notes\n")

    assert IDS == run("--collect-only").ids


def test_grader_that_cannot_be_read_is_an_error_with_its_place(run: Run, suite: Suite) -> None:
    suite.entries[0].grader.write_text(GRADER.replace("@case(n=5)", "@case(5)"), encoding="utf-8")

    session = run()

    assert pytest.ExitCode.INTERRUPTED == session.status
    (error,) = session.errors
    assert "graders/basics/scaled_sum.py:" in error
    assert "pytest_plugin.py" not in error


# --- running --------------------------------------------------------------------------------------


def test_right_answer_passes_every_test(run: Run, suite: Suite) -> None:
    write(suite, RIGHT)

    session = run()

    assert dict.fromkeys(IDS, "passed") == session.outcomes
    assert 0 == session.status


def test_wrong_answer_fails_its_cases_in_words(run: Run, suite: Suite) -> None:
    write(suite, WRONG.source)

    session = run()

    assert ["failed", "failed", "failed", "passed"] == [session.outcomes[id] for id in IDS]
    assert session.words[IDS[0]].startswith(f"This looks like: {WRONG.why}\n")
    assert "scaled_sum: matches the equation output[n=3,m=4,scale=2.5]" in session.out
    assert "dojo/pytest_plugin.py" not in session.out
    assert pytest.ExitCode.TESTS_FAILED == session.status


def test_first_failure_can_be_the_last(run: Run, suite: Suite) -> None:
    write(suite, WRONG.source)

    assert {IDS[0]: "failed"} == run("-x").outcomes


def test_last_failures_run_again_alone(run: Run, suite: Suite) -> None:
    write(suite, WRONG.source)
    run()

    assert IDS[:3] == run("--lf").ids
    write(suite, RIGHT)
    assert IDS[:3] == list(run("--lf").outcomes)
    assert IDS == run("--lf").ids  # nothing failed last time


def test_kata_is_graded_once_for_all_its_cases(
    run: Run, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dojo.grade import Grader

    graded = []
    grade = Grader.grade
    monkeypatch.setattr(
        Grader, "grade", lambda self, entry: graded.append(entry.id) or grade(self, entry)
    )
    write(suite, WRONG.source)

    run()

    assert ["basics/scaled_sum"] == graded


def test_suite_is_closed_to_the_learners_process(
    run: Run, suite: Suite, borrowed: Borrowed
) -> None:
    write(suite, RIGHT)

    run()

    assert [{"closed": [suite.root]}] == borrowed.starts


def test_learners_file_is_never_imported_here(run: Run, suite: Suite) -> None:
    """Neither by collecting nor by running, nor when it is named."""
    write(suite, "import builtins\nbuiltins.learner_was_here = True\n" + WRONG.source)

    for arguments in (["--collect-only"], [], [FILE], [IDS[0]]):
        run(*arguments)

    assert not hasattr(builtins, "learner_was_here")
    assert not [name for name in sys.modules if name.rpartition(".")[2] == "scaled_sum"]


def test_kata_that_is_not_started_is_skipped_with_a_reason(
    run: Run, suite: Suite, borrowed: Borrowed
) -> None:
    session = run("-rs")

    assert dict.fromkeys(IDS, "skipped") == session.outcomes
    assert f"not started: write {FILE}" in session.out
    assert [] == borrowed.starts
    assert 0 == session.status


def test_stub_with_a_comment_is_skipped_too(run: Run, suite: Suite) -> None:
    write(suite, suite.entries[0].stub.read_text() + "\n# to do\n")

    assert dict.fromkeys(IDS, "skipped") == run().outcomes


def test_file_that_does_not_parse_fails_every_case_with_line_and_caret(
    run: Run, suite: Suite
) -> None:
    write(suite, "x = (1 +\n")

    session = run()

    assert dict.fromkeys(IDS, "failed") == session.outcomes
    assert (
        "does not parse: '(' was never closed, line 1\n"
        "  scaled_sum.py:1\n"
        "    x = (1 +\n"
        "        ^"
    ) == session.words[IDS[0]]


def test_trouble_of_the_engine_is_told_without_its_frames(
    run: Run, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def refuse(*arguments: object) -> None:
        tries.append(arguments)
        raise EngineError("torch is not there: install it")

    write(suite, RIGHT)
    monkeypatch.setattr("dojo.grade.Grader.grade", refuse)

    session = run()

    assert dict.fromkeys(IDS, "torch is not there: install it") == session.words
    assert 1 == len(tries)


def test_what_pytest_grades_is_remembered(run: Run, suite: Suite) -> None:
    write(suite, RIGHT)

    run("-k", "float64")

    attempt = progress(suite.root).latest()["basics/scaled_sum"]
    assert (Verdict.PASSED, 4, 4) == (attempt.verdict, attempt.passed, attempt.total)


def test_report_for_machines_has_a_testcase_per_case(
    run: Run, suite: Suite, tmp_path: Path
) -> None:
    write(suite, WRONG.source.replace("total = x - y", "print('\\x1b[31m<&>'); total = x - y"))

    run(f"--junitxml={tmp_path / 'report.xml'}")

    (found,) = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert ("4", "3", "0", "0") == tuple(
        found.get(name) for name in ("tests", "failures", "errors", "skipped")
    )
    assert CASES == [one.get("name") for one in found]
    assert {"katas.basics.scaled_sum"} == {one.get("classname") for one in found}
    failure = found[0].find("failure")
    assert failure is not None
    assert WRONG.why in (failure.text or "")
    assert "<&>" in (failure.text or "")


# --- the real thing -------------------------------------------------------------------------------


def test_conftest_makes_plain_pytest_the_grader(suite: Suite) -> None:
    here = Path(__file__).parent.parent
    (suite.root / "pytest.ini").unlink()
    for name in ("conftest.py", "pyproject.toml"):
        (suite.root / name).write_text((here / name).read_text())
    write(suite, WRONG.source)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=suite.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, "") == (done.returncode, done.stderr)
    assert done.stdout.count("This looks like: ") >= 3
    assert "3 failed, 1 passed" in done.stdout.splitlines()[-1]
