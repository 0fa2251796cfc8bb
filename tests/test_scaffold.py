"""A new kata works from the start: what is left to do is what says TODO."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import black
import pytest
from sample_suite import README, Make

from dojo.catalogue import update
from dojo.engine import Engine
from dojo.grade import Grader
from dojo.laws import audit_kata, audit_suite, mistakes_are_many
from dojo.mistakes import reference
from dojo.scaffold import KINDS, ScaffoldError, scaffold
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import write_stub

ID = "basics/doubled"
LONG = "a_name_that_is_longer_than_anybody_would_like_it_to_be_in_a_signature"


@pytest.fixture
def empty(tmp_path: Path) -> Suite:
    for tree in ("katas", "solutions", "graders"):
        (tmp_path / tree).mkdir()
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    return Suite(tmp_path)


def test_three_files_are_written(empty: Suite) -> None:
    paths = scaffold(empty, ID)

    assert [
        "solutions/basics/doubled.py",
        "graders/basics/doubled.py",
        "tests/oracles/basics/test_doubled.py",
    ] == [str(path.relative_to(empty.root)) for path in paths]
    assert all("TODO" in path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["doubled", LONG])
def test_scaffold_breaks_no_law_but_its_to_dos(
    engine: Engine, empty: Suite, name: str, kind: str
) -> None:
    scaffold(empty, f"basics/{name}", kind)
    suite = Suite(empty.root)
    (entry,) = suite.entries
    write_stub(entry)
    update(suite)

    broken = [*audit_kata(entry, engine), *audit_suite(suite)]

    todo = (mistakes_are_many.__doc__ or "").strip()
    assert {todo} == {violation.law for violation in broken}
    assert all("is still to do" in violation.message for violation in broken)


def test_solution_of_a_scaffold_passes_and_its_stub_is_not_started(
    engine: Engine, empty: Suite
) -> None:
    scaffold(empty, ID)
    (entry,) = Suite(empty.root).entries
    write_stub(entry)
    grader = Grader(engine, empty.root / ".dojo")

    assert Verdict.NOT_STARTED == grader.grade(entry).verdict
    entry.stub.write_text(reference(entry.solution.read_text(encoding="utf-8")))
    assert Verdict.PASSED == grader.grade(entry).verdict


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["doubled", LONG])
def test_scaffold_is_formatted_and_linted(empty: Suite, name: str, kind: str) -> None:
    paths = scaffold(empty, f"basics/{name}", kind)

    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert text == black.format_str(text, mode=black.Mode(line_length=100))
    config = Path(__file__).parent.parent / "pyproject.toml"
    command = [sys.executable, "-m", "ruff", "check", "--config", str(config), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=empty.root, check=False)
    assert "All checks passed!\n" == done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_oracle_test_of_a_scaffold_passes(empty: Suite, kind: str) -> None:
    solution, _, oracle = scaffold(empty, ID, kind)
    program = (
        "import runpy, types\n"
        f"solution = types.SimpleNamespace(**runpy.run_path({str(solution)!r}))\n"
        f"test = runpy.run_path({str(oracle)!r})['test_reference_agrees_with_the_oracle']\n"
        "test(solution)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_is_overwritten(make_suite: Make) -> None:
    suite = make_suite()
    before = {p: p.read_bytes() for p in suite.root.rglob("*.*") if p.is_file()}

    with pytest.raises(ScaffoldError, match=r"solutions/basics/scaled_sum.py exists: choose"):
        scaffold(suite, "basics/scaled_sum")

    assert before == {p: p.read_bytes() for p in suite.root.rglob("*.*") if p.is_file()}


@pytest.mark.parametrize("tree", ["graders", "katas"])
def test_one_file_in_the_way_is_enough_and_leaves_the_others_unwritten(
    empty: Suite, tree: str
) -> None:
    taken = empty.root / tree / f"{ID}.py"
    taken.parent.mkdir()
    taken.write_text("mine")

    with pytest.raises(ScaffoldError, match=f"{tree}/basics/doubled.py exists"):
        scaffold(empty, ID)

    assert [taken] == list(empty.root.rglob("*.py"))


@pytest.mark.parametrize(
    "name", ["doubled", "basics/Doubled", "a/b/c", "../x", "basics/2", "basics/", "basics/a.py", ""]
)
def test_name_that_is_no_id_is_refused_with_an_example(empty: Suite, name: str) -> None:
    with pytest.raises(ScaffoldError, match="such as attention/linear_attention"):
        scaffold(empty, name)


@pytest.mark.parametrize("name", ["basics/lambda", "basics/torch"])
def test_name_that_no_function_can_have_is_refused(empty: Suite, name: str) -> None:
    with pytest.raises(ScaffoldError, match="choose another name"):
        scaffold(empty, name)
