"""Answers by people who saw only the stub: right ones pass in any style, wrong ones fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.suite import Suite
from dojo.verdict import KataResult, Verdict

SUITE = Suite.locate()
CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*/*.py"))


@pytest.fixture(scope="module")
def results(
    engine: Engine, request: pytest.FixtureRequest
) -> Iterator[Callable[[Path], KataResult]]:
    """Grade every answer that a chosen test is about, two at a time."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    chosen = {call.params.get("path") for call in calls}
    grader = Grader(engine, SUITE.root / ".dojo" / "expected")
    with ThreadPoolExecutor(2) as pool:
        running: dict[Path, Future[KataResult]] = {
            path: pool.submit(grader.grade, SUITE.find(_id(path))[0], path)
            for path in FILES
            if path in chosen
        }
        yield lambda path: running[path].result()


def _id(path: Path) -> str:
    return path.parent.relative_to(CORPUS).as_posix()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_answer_is_judged_right(results: Callable[[Path], KataResult], path: Path) -> None:
    result = results(path)

    assert path.name.startswith(("right_", "wrong_"))
    why = [(case.case, case.summary) for case in result.cases if case.summary] or result.summary
    assert path.name.startswith("right_") == (result.verdict is Verdict.PASSED), why


def test_every_kata_has_right_and_wrong_answers() -> None:
    kinds = {(_id(path), path.name.partition("_")[0]) for path in FILES}

    assert [] == [
        (entry.id, kind)
        for entry in SUITE.entries
        for kind in ("right", "wrong")
        if (entry.id, kind) not in kinds
    ]
