"""What a learner has written is never lost, and a stub is known by its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sample_suite import SOLUTION, Make

from dojo.grader_file import GraderError
from dojo.suite import Entry, Suite
from dojo.trouble import Trouble
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.workspace import (
    is_pristine,
    progress,
    prune_sums,
    read_sums,
    remember,
    reset,
    stub_text,
    write_stub,
)

MINE = "def scaled_sum(x, y, scale=1.0): return x  # mine\n"


@pytest.fixture
def entry(make_suite: Make) -> Entry:
    return make_suite().entries[0]


def backups(entry: Entry) -> list[str]:
    return [path.read_text() for path in sorted((entry.root / ".dojo").rglob("*.py"))]


def test_derived_stub_is_pristine_until_a_byte_changes(entry: Entry) -> None:
    assert is_pristine(entry)

    entry.stub.write_text(entry.stub.read_text() + "\n")

    assert not is_pristine(entry)


def test_missing_stub_or_missing_digests_are_not_pristine(entry: Entry) -> None:
    (entry.root / "katas" / "SHA256SUMS").unlink()
    assert not is_pristine(entry)
    assert {} == read_sums(entry.root)

    write_stub(entry)
    entry.stub.unlink()
    assert not is_pristine(entry)


def test_digests_are_in_the_format_of_sha256sum(entry: Entry) -> None:
    digest = hashlib.sha256(entry.stub.read_bytes()).hexdigest()

    text = (entry.root / "katas" / "SHA256SUMS").read_text()

    assert f"{digest}  basics/scaled_sum.py\n" == text


def test_writing_a_stub_says_what_it_did(entry: Entry) -> None:
    assert "current" == write_stub(entry)
    entry.stub.unlink()
    assert "written" == write_stub(entry)
    entry.solution.write_text(SOLUTION.replace("Scaled sum.", "Sum, scaled."), encoding="utf-8")
    assert "updated" == write_stub(entry)
    assert "Sum, scaled." in entry.stub.read_text()
    assert is_pristine(entry)


def test_edited_stub_stays_as_it_is(entry: Entry) -> None:
    entry.stub.write_text(MINE)
    sums = read_sums(entry.root)

    assert "edited" == write_stub(entry)

    assert MINE == entry.stub.read_text()
    assert sums == read_sums(entry.root)
    assert [] == backups(entry)


def test_forced_stub_leaves_one_backup(entry: Entry) -> None:
    entry.stub.write_text(MINE)

    assert "updated" == write_stub(entry, force=True)

    assert is_pristine(entry)
    assert [MINE] == backups(entry)


def test_reset_returns_the_backup(entry: Entry) -> None:
    entry.stub.write_text(MINE)

    backup = reset(entry)

    assert backup is not None
    assert MINE == backup.read_text()
    assert [MINE] == backups(entry)
    assert is_pristine(entry)


def test_two_resets_within_a_second_keep_both_versions(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda _: "20260102-030405")
    for text in ("first = 1\n", "second = 2\n", "third = 3\n"):
        entry.stub.write_text(text)
        reset(entry)

    assert {"first = 1\n", "second = 2\n", "third = 3\n"} == set(backups(entry))


def test_reset_of_a_stub_backs_up_nothing(entry: Entry) -> None:
    assert reset(entry) is None
    (entry.root / "katas" / "SHA256SUMS").unlink()
    assert reset(entry) is None
    entry.stub.unlink()
    assert reset(entry) is None

    assert is_pristine(entry)
    assert [] == backups(entry)


def test_backup_keeps_bytes_that_are_no_text(entry: Entry) -> None:
    entry.stub.write_bytes(b"\xff\x00\r\n")

    backup = reset(entry)

    assert backup is not None
    assert b"\xff\x00\r\n" == backup.read_bytes()


def test_broken_solution_costs_the_learner_nothing(entry: Entry) -> None:
    entry.stub.write_text(MINE)
    entry.solution.write_text("def (", encoding="utf-8")

    with pytest.raises(GraderError):
        reset(entry)

    assert MINE == entry.stub.read_text()


def test_failed_write_leaves_the_old_file_and_no_other(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(self))

    entry.solution.write_text(SOLUTION.replace("Scaled sum.", "Another."), encoding="utf-8")
    before = {path: path.read_bytes() for path in entry.stub.parent.iterdir()}
    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(OSError, match="No space"):
        write_stub(entry)

    assert before == {path: path.read_bytes() for path in entry.stub.parent.iterdir()}


def test_digest_of_a_kata_that_is_gone_is_forgotten(make_suite: Make) -> None:
    suite = make_suite()
    make_suite(id="basics/other")
    assert {"basics/scaled_sum", "basics/other"} == read_sums(suite.root).keys()
    (suite.root / "solutions/basics/other.py").unlink()

    prune_sums(Suite(suite.root))

    assert {"basics/scaled_sum"} == read_sums(suite.root).keys()


def result(verdict: Verdict) -> KataResult:
    case = CaseResult(case="output[n=1]", title="matches", verdict=verdict)
    return KataResult(kata="basics/scaled_sum", verdict=verdict, cases=(case,), seconds=0.5)


def test_every_started_kata_is_remembered_with_its_file(entry: Entry) -> None:
    entry.stub.write_text(MINE)

    remember(entry.root, [result(Verdict.WRONG)])

    last = progress(entry.root).last(entry.id)
    assert last is not None
    assert (Verdict.WRONG, 0, 1) == (last.verdict, last.passed, last.total)
    assert hashlib.sha256(MINE.encode()).hexdigest() == last.digest


def test_kata_that_is_not_started_or_gone_is_not_remembered(entry: Entry) -> None:
    remember(entry.root, [result(Verdict.NOT_STARTED)])
    entry.stub.unlink()
    remember(entry.root, [result(Verdict.NO_ANSWER)])

    assert {} == progress(entry.root).latest()


def test_fault_of_a_solution_carries_its_path(make_suite: Make) -> None:
    (entry,) = make_suite().entries
    for solution, message in (
        (SOLUTION.replace("x - y —", "x - y"), r":19: no ` — ` between"),
        (SOLUTION.replace("x + y", "x +"), r":18: is not valid Python \(invalid syntax\)"),
    ):
        entry.solution.write_text(solution, encoding="utf-8")
        with pytest.raises(Trouble, match=r"^solutions/basics/scaled_sum\.py" + message):
            stub_text(entry)
