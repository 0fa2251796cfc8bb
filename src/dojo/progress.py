"""What the learner has done, in one small file that survives a kill and concurrent runs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dojo.trouble import Trouble
from dojo.verdict import Verdict

__all__ = ["Attempt", "Progress", "ProgressError"]

SCHEMA: Final = 1
TABLES: Final = (
    """CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        kata TEXT NOT NULL,
        verdict TEXT NOT NULL,
        passed INTEGER NOT NULL,
        total INTEGER NOT NULL,
        seconds REAL NOT NULL,
        digest TEXT NOT NULL,
        at REAL NOT NULL
    )""",
    "CREATE INDEX attempt_of_kata ON attempt (kata, id)",
    "CREATE TABLE hint (kata TEXT PRIMARY KEY, seen INTEGER NOT NULL)",
)


class ProgressError(Trouble):
    """The record cannot be read or written; the message says what to do."""


@dataclass(frozen=True)
class Attempt:
    """One graded version of a learner's file."""

    kata: str
    verdict: Verdict
    passed: int
    total: int
    seconds: float
    digest: str
    at: float
    """When it was first graded, in seconds since 1970."""


@dataclass(frozen=True)
class Progress:
    """The record in one file. Nothing stays open between calls, so that processes can share it."""

    path: Path
    patience: float = 10.0
    """How many seconds to wait for another process that is writing."""

    def record(
        self,
        kata: str,
        verdict: Verdict,
        passed: int,
        total: int,
        seconds: float,
        digest_of_file: str,
    ) -> None:
        """Add an attempt. An unchanged file that ends as before is no new one."""
        with self._writing() as db:
            last = _attempts(db, "WHERE kata = ? ORDER BY id DESC LIMIT 1", kata)
            again = (verdict, passed, total, digest_of_file)
            if last and (last[0].verdict, last[0].passed, last[0].total, last[0].digest) == again:
                return
            db.execute(
                "INSERT INTO attempt (kata, verdict, passed, total, seconds, digest, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (kata, str(verdict), passed, total, seconds, digest_of_file, time.time()),
            )

    def last(self, kata: str) -> Attempt | None:
        """Return a kata's latest attempt."""
        with self._reading() as db:
            found = _attempts(db, "WHERE kata = ? ORDER BY id DESC LIMIT 1", kata)
        return found[0] if found else None

    def latest(self) -> dict[str, Attempt]:
        """Return the latest attempt of every kata that has one."""
        with self._reading() as db:
            found = _attempts(db, "WHERE id IN (SELECT max(id) FROM attempt GROUP BY kata)")
        return {attempt.kata: attempt for attempt in found}

    def solved(self) -> set[str]:
        """Return the katas that have passed at least once."""
        with self._reading() as db:
            found = _attempts(db, "WHERE verdict = ?", str(Verdict.PASSED))
        return {attempt.kata for attempt in found}

    def hints_seen(self, kata: str) -> int:
        """Return how many of a kata's hints have been shown."""
        with self._reading() as db:
            found = db.execute("SELECT seen FROM hint WHERE kata = ?", (kata,)).fetchone()
        return int(found[0]) if found else 0

    def saw_hint(self, kata: str) -> None:
        """Count one more hint of a kata."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO hint VALUES (?, 1) ON CONFLICT (kata) DO UPDATE SET seen = seen + 1",
                (kata,),
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self.path.exists():
            with self._open() as db:
                yield db
        else:  # Looking leaves no file behind.
            with closing(sqlite3.connect(":memory:")) as db:
                _create(db)
                yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            # Taken before the first read: a lock that is asked for later may have to be refused.
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._refusals(), closing(self._connect()) as db:
            db.isolation_level = None  # Transactions begin where they are written.
            self._prepare(db)
            yield db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self.patience)

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the tables if the file is new; refuse one from the future."""
        if _version(db) == 0:
            db.execute("BEGIN IMMEDIATE")
            with db:
                if _version(db) == 0:  # Nobody was faster.
                    _create(db)
        if _version(db) > SCHEMA:
            raise ProgressError(
                f"{self.path} was written by a newer version: update this clone (git pull), "
                "or move the file away to begin a new record"
            )

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Say in words why the file cannot be used, and what to do."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            if damaged or str(error).startswith("no such"):  # … table, … column
                raise ProgressError(self._set_aside()) from error
            if code == sqlite3.SQLITE_BUSY:
                advice = "another process is writing to it: wait for it, or end it"
            else:
                advice = f"{error}: check the disk and who may write there"
            raise ProgressError(f"{self.path} cannot be used: {advice}") from error
        except OSError as error:
            reason = error.strerror or str(error)
            advice = f"{reason}: check the disk and who may write there"
            raise ProgressError(f"{self.path} cannot be used: {advice}") from error

    def _set_aside(self) -> str:
        """Rename a damaged file, so that the next run begins a new one."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        # The journal goes first: it must never be rolled back into the new file.
        for ending in ("-journal", ""):
            try:
                Path(f"{self.path}{ending}").rename(f"{aside}{ending}")
            except FileNotFoundError:
                continue
            except OSError as error:
                return f"{self.path} is damaged: move it away and run again ({error.strerror})"
        return (
            f"{self.path} is damaged. It is kept as {aside.name}: "
            "run the command again to begin a new record, or put a backup in its place"
        )


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _create(db: sqlite3.Connection) -> None:
    for table in TABLES:
        db.execute(table)
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def _attempts(db: sqlite3.Connection, where: str, *values: str) -> list[Attempt]:
    rows = db.execute(
        f"SELECT kata, verdict, passed, total, seconds, digest, at FROM attempt {where}", values
    )
    return [Attempt(row[0], Verdict(row[1]), *row[2:]) for row in rows]
