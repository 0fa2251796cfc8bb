"""What tests of the engine share: one warm process, and suites made for the occasion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_suite import GRADER, README, SOLUTION, Make

from dojo.engine import Engine
from dojo.suite import Suite


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One warm process for all tests."""
    with Engine() as engine:
        yield engine


@pytest.fixture
def make_suite(tmp_path: Path) -> Make:
    """Write a suite of katas, each given as solution and grader, with derived stubs."""

    def make(
        solution: str = SOLUTION, grader: str = GRADER, id: str = "basics/scaled_sum"
    ) -> Suite:
        from dojo.catalogue import update
        from dojo.workspace import write_stub

        topic, name = id.split("/")
        for tree, text in (("solutions", solution), ("graders", grader), ("katas", None)):
            (tmp_path / tree / topic).mkdir(parents=True, exist_ok=True)
            if text is not None:
                (tmp_path / tree / f"{id}.py").write_text(text, encoding="utf-8")
        oracle = tmp_path / "tests" / "oracles" / topic / f"test_{name}.py"
        oracle.parent.mkdir(parents=True, exist_ok=True)
        oracle.write_text("")
        (tmp_path / "README.md").write_text(README, encoding="utf-8")
        suite = Suite(tmp_path)
        for entry in suite.entries:
            write_stub(entry, force=True)
        update(suite)
        return suite

    return make
