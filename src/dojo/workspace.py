"""The learner's files: stubs derived into katas/, never at the cost of what somebody wrote."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from dojo.progress import Failed, Progress, unrecorded
from dojo.suite import Entry, Suite
from dojo.verdict import KataResult, Verdict

__all__ = [
    "is_pristine",
    "is_touched",
    "keep",
    "progress",
    "prune_sums",
    "read_sums",
    "record_of",
    "remember",
    "reset",
    "stub_text",
    "write_file",
    "write_stub",
    "write_sums",
]

SUMS: Final = "SHA256SUMS"
"""Digests of the stubs as derived, in katas/, in the format that sha256sum checks."""

Done = Literal["written", "updated", "current", "edited"]


def read_sums(root: Path) -> dict[str, str]:
    """Return the digest of every derived stub by id."""
    try:
        lines = (root / "katas" / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split("  ", 1) for line in lines if "  " in line)
    return {path.removesuffix(".py"): digest for digest, path in pairs}


def write_sums(root: Path, sums: dict[str, str]) -> None:
    """Write all digests, sorted by id."""
    text = "".join(f"{digest}  {id}.py\n" for id, digest in sorted(sums.items()))
    _write(root / "katas" / SUMS, text.encode())


def is_pristine(entry: Entry) -> bool:
    """Whether a kata's file is exactly the stub that was derived last."""
    try:
        return _digest(entry.stub.read_bytes()) == read_sums(entry.root).get(entry.id)
    except OSError:
        return False


def is_touched(root: Path) -> bool:
    """Whether any file in katas/ is something other than its stub; reads no grader."""
    for id, digest in read_sums(root).items():
        try:
            if _digest((root / "katas" / f"{id}.py").read_bytes()) != digest:
                return True
        except OSError:
            return True
    return False


def prune_sums(suite: Suite) -> None:
    """Forget the digests of katas that are gone."""
    sums = read_sums(suite.root)
    ids = {entry.id for entry in suite.entries}
    if sums.keys() - ids:
        write_sums(suite.root, {id: digest for id, digest in sums.items() if id in ids})


def write_stub(entry: Entry, *, force: bool = False) -> Done:
    """Derive a stub; what a learner has edited stays unless forced, and then is backed up."""
    stub = stub_text(entry)
    exists = entry.stub.exists()
    current = exists and entry.stub.read_bytes() == stub
    edited = exists and not current and not is_pristine(entry)
    if edited and not force:
        return "edited"
    if edited:
        _back_up(entry)
    if not current:
        _write(entry.stub, stub)
    sums = read_sums(entry.root)
    if sums.get(entry.id) != _digest(stub):
        write_sums(entry.root, {**sums, entry.id: _digest(stub)})
    return "current" if current else "updated" if exists else "written"


def reset(entry: Entry) -> Path | None:
    """Put the stub back and return the backup of what was there, if it was anything else."""
    theirs = entry.stub.exists() and not is_pristine(entry)
    backup = _back_up(entry) if theirs and entry.stub.read_bytes() != stub_text(entry) else None
    if backup:
        entry.stub.unlink()  # It is safe, and need not be backed up once more.
    write_stub(entry, force=True)
    return backup


def progress(root: Path) -> Progress:
    """Return the record of a clone."""
    return Progress(root / ".dojo" / "progress.sqlite")


def record_of(suite: Suite) -> Progress:
    """Return the record of a clone; what a kata's former ids have done is its own."""
    record = progress(suite.root)
    for id, former in suite.renamed().items():
        with unrecorded():  # A record that nobody may write can still be read.
            record.rename(id, *former)
    return record


def remember(root: Path, results: Iterable[KataResult]) -> None:
    """Record every kata that is started."""
    record = progress(root)
    for result in results:
        path = root / "katas" / f"{result.kata}.py"
        if path.exists():
            keep(record, result, path.read_bytes())


def keep(
    record: Progress,
    result: KataResult,
    answer: bytes,
    *,
    how: str = "grade",
    spent: float = 0.0,
    interview: int | None = None,
) -> bool:
    """Record what came of an answer, unless nothing was begun; say whether that is new.

    If it begins a sitting, `how` says by what, and `spent` how many seconds ago.
    """
    return result.verdict is not Verdict.NOT_STARTED and record.record(
        result.kata,
        result.verdict,
        result.n_passed,
        len(result.cases),
        result.seconds,
        _digest(answer),
        failures=_failures(result),
        answer=answer,
        how=how,
        spent=spent,
        interview=interview,
    )


def _failures(result: KataResult) -> list[Failed]:
    """Return what failed: the whole file for one reason, or case by case."""
    if result.verdict is Verdict.PASSED:
        return []
    if result.summary:
        return [
            Failed(
                case_id="",
                title="",
                verdict=result.verdict,
                summary=result.summary,
                details=result.details,
            )
        ]
    return [
        Failed(
            case_id=case.case,
            title=case.title,
            verdict=case.verdict,
            summary=case.summary,
            why=case.why,
            details=case.details,
        )
        for case in result.cases
        if case.verdict is not Verdict.PASSED
    ]


def stub_text(entry: Entry) -> bytes:
    """Return a kata's stub as it is derived from the solution."""
    from dojo.places import faults_in
    from dojo.stubs import derive, rules

    with faults_in(entry.solution):
        return derive(entry.solution.read_text(encoding="utf-8"), rules(entry.meta)).encode()


def _back_up(entry: Entry) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = entry.root / ".dojo" / "backups" / entry.id
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        backup = folder / f"{stamp}{f'-{number}' if number else ''}.py"
        try:
            with open(backup, "xb") as file:
                file.write(entry.stub.read_bytes())
            return backup
        except FileExistsError:
            number += 1


def write_file(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that a kill leaves the old or the new one."""
    _write(path, data)


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that a kill leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        beside = Path(file.name)
        try:
            file.write(data)
            file.flush()
            beside.chmod(0o644)
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
