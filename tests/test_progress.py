"""The learner's record is small, shared, and survives whatever ends a process."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dojo import schema
from dojo.progress import Progress, ProgressError
from dojo.verdict import Verdict

WRITER = """
import sys
from pathlib import Path
from dojo.progress import Progress
from dojo.verdict import Verdict

progress = Progress(Path(sys.argv[1]), patience=60)
name, count = sys.argv[2], int(sys.argv[3])
for n in range(count):
    progress.record(f"{name}/{n}", Verdict.WRONG, n, count, 0.1, "digest")
    progress.saw_hint("shared")
    print(n, flush=True)
"""

HALF = """
import os, signal, sys
from pathlib import Path
from dojo.progress import Progress

with Progress(Path(sys.argv[1]))._writing() as db:
    db.execute("PRAGMA cache_size = 1")  # Pages reach the file before the end of the transaction.
    db.execute("UPDATE attempt SET kata = kata || 'spoilt'")
    db.execute("DELETE FROM attempt WHERE id > 10")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / ".dojo" / "progress.sqlite")


def writer(progress: Progress, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(progress.path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def note(progress: Progress, kata: str, verdict: Verdict, digest: str = "a") -> None:
    progress.record(kata, verdict, 3, 5, 0.5, digest)


@contextmanager
def soon(action: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread that comes to a lock which the block holds."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            action()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    yield
    thread.join()
    assert [] == failures


def is_sound(progress: Progress) -> bool:
    with closing(sqlite3.connect(progress.path)) as db:
        return [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()


class TestRecord:
    def test_is_empty_at_first_and_looking_leaves_no_file(self, progress):
        assert None is progress.last("a/b")
        assert {} == progress.latest()
        assert set() == progress.solved()
        assert 0 == progress.hints_seen("a/b")
        assert not progress.path.parent.exists()

    def test_keeps_what_was_recorded(self, progress):
        before = time.time()
        progress.record("a/b", Verdict.TOO_SLOW, 3, 5, 1.5, "feed")
        last = progress.last("a/b")
        assert last is not None
        assert ("a/b", Verdict.TOO_SLOW, 3, 5, 1.5, "feed") == (
            last.kata,
            last.verdict,
            last.passed,
            last.total,
            last.seconds,
            last.digest,
        )
        assert Verdict.TOO_SLOW is last.verdict
        assert before <= last.at <= time.time()

    def test_latest_is_the_last_attempt_of_every_kata(self, progress):
        note(progress, "a/b", Verdict.WRONG)
        note(progress, "a/c", Verdict.PASSED)
        note(progress, "a/b", Verdict.RAISED)
        expected = {"a/b": Verdict.RAISED, "a/c": Verdict.PASSED}
        assert expected == {kata: last.verdict for kata, last in progress.latest().items()}

    def test_solved_once_stays_solved(self, progress):
        note(progress, "a/b", Verdict.PASSED)
        note(progress, "a/b", Verdict.NOT_STARTED)
        note(progress, "a/c", Verdict.WRONG)
        assert {"a/b"} == progress.solved()

    def test_an_unchanged_file_with_the_same_outcome_is_one_attempt(self, progress):
        note(progress, "a/b", Verdict.WRONG)
        first = progress.last("a/b")
        note(progress, "a/b", Verdict.WRONG)
        assert first == progress.last("a/b")
        note(progress, "a/b", Verdict.WRONG, digest="b")
        note(progress, "a/b", Verdict.WRONG, digest="a")
        with closing(sqlite3.connect(progress.path)) as db:
            assert (3,) == db.execute("SELECT count(*) FROM attempt").fetchone()

    def test_counts_hints_by_kata(self, progress):
        progress.saw_hint("a/b")
        progress.saw_hint("a/b")
        progress.saw_hint("a/c")
        assert (2, 1, 0) == tuple(map(progress.hints_seen, ("a/b", "a/c", "a/d")))

    def test_rests_in_one_small_file(self, progress):
        for n in range(200):
            note(progress, f"topic/kata_{n}", Verdict.PASSED)
        assert [progress.path] == list(progress.path.parent.iterdir())
        assert progress.path.stat().st_size < 100_000

    def test_kata_names_are_only_data(self, progress):
        name = "a'; DROP TABLE attempt; --"
        note(progress, name, Verdict.PASSED)
        assert {name} == progress.solved()


class TestKilled:
    def test_at_any_moment_the_file_is_sound_and_holds_what_was_confirmed(self, progress):
        rng = random.Random(0)
        for n in range(12):
            process = writer(progress, f"round_{n}", 10_000)
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
            confirmed = 1 + len(process.stdout.read().splitlines())
            process.wait()
            kept = [kata for kata in progress.latest() if kata.startswith(f"round_{n}/")]
            # The last one may be kept and not yet confirmed.
            assert len(kept) in (confirmed, confirmed + 1)
            assert is_sound(progress)
        note(progress, "a/b", Verdict.PASSED)
        assert {"a/b"} == progress.solved()

    def test_while_the_file_is_being_made_leaves_a_usable_one(self, progress):
        start = time.perf_counter()
        assert 0 == writer(progress, "measured", 1).wait()
        usual = time.perf_counter() - start
        for n in range(10):
            progress.path.unlink(missing_ok=True)
            process = writer(progress, "killed", 1)
            time.sleep(usual * (0.55 + 0.05 * n))  # From before the first write to after the last.
            process.kill()
            process.wait()
            note(progress, "a/b", Verdict.PASSED)
            assert {"a/b"} == progress.solved()
            assert is_sound(progress)

    def test_halfway_through_writing_leaves_the_state_before(self, progress):
        for n in range(60):
            note(progress, f"{'long' * 100}/{n}", Verdict.PASSED)
        before = progress.latest()
        process = subprocess.run([sys.executable, "-c", HALF, str(progress.path)], check=False)
        assert -9 == process.returncode
        assert before == progress.latest()
        assert is_sound(progress)


class TestShared:
    def test_writers_at_once_lose_nothing(self, progress):
        processes = [writer(progress, f"writer_{n}", 25) for n in range(4)]
        while any(process.poll() is None for process in processes):
            progress.latest()  # A reader in between neither fails nor stops them.
            time.sleep(0.01)
        assert [0, 0, 0, 0] == [process.wait() for process in processes]
        assert 100 == len(progress.latest())
        assert 100 == progress.hints_seen("shared")
        assert is_sound(progress)

    def test_a_file_that_another_process_has_just_made_is_used(self, progress):
        progress.path.parent.mkdir()
        with closing(sqlite3.connect(progress.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with soon(lambda: note(progress, "a/b", Verdict.PASSED)):
                schema.create(other)
                other.execute("COMMIT")
        assert {"a/b"} == progress.solved()

    def test_the_same_attempt_from_two_processes_is_one(self, progress):
        note(progress, "a/b", Verdict.WRONG)
        with closing(sqlite3.connect(progress.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with soon(lambda: note(progress, "a/b", Verdict.PASSED)):
                other.execute(
                    "INSERT INTO attempt"
                    " (kata, verdict, passed, total, seconds, digest, at, sitting)"
                    " VALUES ('a/b', 'passed', 3, 5, 0.5, 'a', 0, 1)"
                )
                other.execute("COMMIT")
        with closing(sqlite3.connect(progress.path)) as db:
            assert (2,) == db.execute("SELECT count(*) FROM attempt").fetchone()

    def test_a_writer_that_does_not_end_is_named_as_the_reason(self, progress):
        note(progress, "a/b", Verdict.PASSED)
        impatient = Progress(progress.path, patience=0.05)
        with closing(sqlite3.connect(progress.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ProgressError, match="another process is writing"):
                note(impatient, "a/c", Verdict.PASSED)
        note(impatient, "a/c", Verdict.PASSED)
        assert {"a/b", "a/c"} == progress.solved()


class TestRefused:
    @pytest.mark.parametrize("damage", ["text", "header", "middle", "tables"])
    def test_a_damaged_file_is_set_aside_and_kept(self, progress, damage):
        for n in range(100):
            note(progress, f"a/{n}", Verdict.PASSED)
        spoil(progress.path, damage)
        content = progress.path.read_bytes()
        with pytest.raises(ProgressError, match=r"is damaged.* run the command again"):
            progress.latest()
        (kept,) = progress.path.parent.iterdir()
        assert kept.name.startswith("progress.sqlite.damaged-")
        assert content == kept.read_bytes()
        note(progress, "a/b", Verdict.PASSED)
        assert {"a/b"} == progress.solved()
        assert kept.exists()

    def test_a_journal_never_stays_beside_the_place_of_the_new_file(self, progress):
        progress.path.parent.mkdir()
        progress.path.write_text("damaged")
        Path(f"{progress.path}-journal").write_text("of the damaged file")
        progress._set_aside()
        kept = sorted(path.read_text() for path in progress.path.parent.glob("*.damaged-*"))
        assert ["damaged", "of the damaged file"] == kept
        assert 2 == len(list(progress.path.parent.iterdir()))

    def test_an_empty_file_is_a_new_one(self, progress):
        progress.path.parent.mkdir()
        progress.path.touch()
        assert {} == progress.latest()
        note(progress, "a/b", Verdict.PASSED)
        assert {"a/b"} == progress.solved()

    def test_a_newer_file_is_left_alone(self, progress):
        note(progress, "a/b", Verdict.PASSED)
        with closing(sqlite3.connect(progress.path)) as db:
            db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        content = progress.path.read_bytes()
        with pytest.raises(ProgressError, match="newer version: update"):
            progress.latest()
        with pytest.raises(ProgressError, match="newer version: update"):
            note(progress, "a/c", Verdict.PASSED)
        assert content == progress.path.read_bytes()
        assert [progress.path] == list(progress.path.parent.iterdir())

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / ".dojo").write_text("a file where a folder should be")
        progress = Progress(tmp_path / ".dojo" / "progress.sqlite")
        with pytest.raises(ProgressError, match=r"progress\.sqlite cannot be used: .*check"):
            note(progress, "a/b", Verdict.PASSED)

    def test_a_folder_in_its_place_is_named(self, progress):
        progress.path.mkdir(parents=True)
        with pytest.raises(ProgressError, match="cannot be used: unable to open"):
            progress.latest()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
    def test_a_file_that_is_read_only_can_be_read(self, progress):
        note(progress, "a/b", Verdict.PASSED)
        progress.path.chmod(0o400)
        progress.path.parent.chmod(0o500)
        assert {"a/b"} == progress.solved()
        with pytest.raises(ProgressError, match="readonly"):
            note(progress, "a/c", Verdict.PASSED)
        progress.path.parent.chmod(0o700)


def spoil(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "text":
        content[:] = b"A learner opened it in an editor and saved it. " * 30
    elif damage == "header":
        content[:16] = b"\0" * 16
    elif damage == "middle":
        content[4096:] = b"\xa5" * (len(content) - 4096)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE attempt")
        return
    path.write_bytes(content)
