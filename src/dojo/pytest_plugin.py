"""Make plain `pytest katas/…` grade: one item per case, and no learner's code in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dojo.engine import Engine, EngineError
from dojo.grade import Grader
from dojo.mistakes import MistakeError
from dojo.progress import ProgressError
from dojo.reference import UnsoundKata
from dojo.report import case_lines
from dojo.suite import CaseSpec, Entry, GraderError, Suite, UnknownKata
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.workspace import is_pristine, remember

__all__ = [
    "CaseItem",
    "KataFile",
    "pytest_collect_file",
    "pytest_pycollect_makemodule",
    "pytest_sessionfinish",
]

TROUBLES = (EngineError, GraderError, MistakeError, UnsoundKata)
"""What keeps a kata from being graded, said in words that need no traceback."""


class _Gradings:
    """The engine of one pytest session, started when the first case runs."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._engine = Engine(closed=list(roots))
        self._results: dict[Path, KataResult | Exception] = {}
        self._engine.__enter__()

    def result(self, entry: Entry) -> KataResult:
        """Grade a kata once, however many of its cases are asked for."""
        if entry.stub not in self._results:
            self._results[entry.stub] = self._grade(entry)
        result = self._results[entry.stub]
        if isinstance(result, Exception):
            raise result
        return result

    def _grade(self, entry: Entry) -> KataResult | Exception:
        try:
            result = Grader(self._engine, entry.root / ".dojo" / "expected").grade(entry)
        except TROUBLES as error:
            return error
        with suppress(ProgressError):  # The verdicts do not depend on the record.
            remember(entry.root, [result])
        return result

    def close(self) -> None:
        """End the warm process."""
        self._engine.__exit__(None, None, None)


GRADINGS = pytest.StashKey[_Gradings]()


def _entry_at(path: Path) -> Entry | None:
    """Return the kata whose stub a path is."""
    for folder in path.parents:
        if folder.name == "katas" and (folder.parent / "solutions").is_dir():
            try:
                found = Suite(folder.parent).find(str(path))
            except UnknownKata:
                return None
            return found[0] if len(found) == 1 and found[0].stub == path else None
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> KataFile | None:
    """Collect a kata that a folder's walk comes upon."""
    if file_path.suffix == ".py" and not parent.session.isinitpath(file_path):
        return _kata_file(file_path, parent)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> KataFile | None:
    """Collect a kata that is named on the command line, instead of importing it."""
    return _kata_file(module_path, parent)


def _kata_file(path: Path, parent: pytest.Collector) -> KataFile | None:
    entry = _entry_at(path)
    return KataFile.from_parent(parent, path=path, entry=entry) if entry else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the engine with the session."""
    gradings = session.stash.get(GRADINGS, None)
    if gradings is not None:
        gradings.close()


class KataFile(pytest.File):
    """A kata's file, as a collection of its cases."""

    def __init__(self, *, entry: Entry, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.entry = entry

    def collect(self) -> Iterator[CaseItem]:
        """Return an item per case; the file itself is not imported."""
        try:
            specs = self.entry.cases
        except GraderError as error:
            raise self.CollectError(str(error)) from None
        for spec in specs:
            # Given as text, for pytest to find the brackets: else `--lf` does not know it again.
            nodeid = f"{self.nodeid}::{spec.id}"
            yield CaseItem.from_parent(
                self, name=spec.id, nodeid=nodeid, spec=spec, entry=self.entry
            )


class Failed(Exception):
    """A case that has not passed."""

    def __init__(self, case: CaseResult, result: KataResult) -> None:
        super().__init__(case.summary)
        self.case = case
        self.result = result


class CaseItem(pytest.Item):
    """One case of one kata."""

    def __init__(self, *, entry: Entry, spec: CaseSpec, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.entry = entry
        self.spec = spec

    def runtest(self) -> None:
        """Look the case up in the kata's grading, which the first case to come starts."""
        result = None if is_pristine(self.entry) else self._gradings().result(self.entry)
        if result is None or result.verdict is Verdict.NOT_STARTED:
            pytest.skip(f"not started: write katas/{self.entry.id}.py")
        case = next(case for case in result.cases if case.case == self.spec.id)
        if case.verdict is not Verdict.PASSED:
            raise Failed(case, result)

    def _gradings(self) -> _Gradings:
        stash = self.session.stash
        if GRADINGS not in stash:
            items = self.session.items
            roots = {item.entry.root for item in items if isinstance(item, CaseItem)}
            stash[GRADINGS] = _Gradings(roots)
        return stash[GRADINGS]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the explanation instead of a traceback through the engine."""
        if isinstance(excinfo.value, Failed):
            return "\n".join(case_lines(excinfo.value.case, excinfo.value.result))
        if isinstance(excinfo.value, TROUBLES):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Place the case in the learner's file, and name it by its title."""
        return self.path, 0, f"{self.entry.name}: {self.spec.title} {self.name}"
