"""What the learner has done, in one small file that survives a kill and concurrent runs.

The file is SQLite, `.dojo/progress.sqlite`; `dojo.schema` makes it and brings older ones up to
date. Times named `at`, `begun`, `ended` are seconds since 1970 (UTC) as the clock showed them,
which may have gone backwards: order by `id`, never by time. Durations do not depend on that clock.

sitting     one try at a kata, from a fresh stub to its first pass and on until it is begun again;
            what happens in an interview has its own sittings and is never mixed with the others
            kata, how ('grade', 'hint', 'watch', 'again', 'interview'), interview (or NULL), begun,
            spent (seconds; a gap of more than `PAUSE` counts nothing), hints (seen), explained
            (1: the solution was shown first), passed_at (or NULL), rating (1 again … 4 easy, NULL:
            not rated yet); last_at, last_tick and boot say when something last happened in it
attempt     one graded version of the file
            kata, sitting, verdict (`Verdict`), passed and total (cases), seconds (of grading),
            digest (of the answer), at, spent (seconds since the kata was begun), hints (seen then)
failure     what failed in an attempt; place 0 comes first and alone has details
            attempt, place, case_id ('' for the whole file), title, verdict, summary, why (the
            mistake that it looks like, or ''), details (JSON list of lines)
answer      digest, packed (zlib): the texts of all attempts, each once
card        kata, state (JSON of an fsrs card)
interview   begun, spent, settings (JSON), ended (or NULL while it can be resumed), report (JSON)
event       interview, at, spent (seconds into the round), kind, kata (or ''), data (JSON)

For the latest attempt of every kata, `id IN (SELECT max(id) FROM attempt GROUP BY kata)`; for
recurring mistakes, `SELECT why, count(DISTINCT attempt) FROM failure WHERE why != '' GROUP BY why`.
Writing goes through `Progress`; readers may also use `Progress.query`.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dojo import schema
from dojo.trouble import Trouble
from dojo.verdict import Verdict

__all__ = [
    "Attempt",
    "DamagedRecord",
    "Event",
    "Failed",
    "Interview",
    "Progress",
    "ProgressError",
    "Sitting",
    "unrecorded",
]

PAUSE: Final = 3600.0
"""Seconds; if nothing happens for longer, somebody was away, and none of it counts."""
LARGEST_ANSWER: Final = 2**20


class ProgressError(Trouble):
    """The record cannot be read or written; the message says what to do."""


class DamagedRecord(ProgressError):
    """The file was no record any more, and has been set aside; the next call begins a new one."""


@contextmanager
def unrecorded() -> Iterator[None]:
    """Do without the record where it cannot be used; that it was set aside is not kept quiet."""
    try:
        yield
    except DamagedRecord:
        raise
    except ProgressError:
        pass


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What failed in an attempt: one case, or the whole file, whose `case_id` is empty."""

    case_id: str
    title: str
    verdict: Verdict
    summary: str
    why: str = ""
    details: tuple[str, ...] = ()


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
    spent: float = 0.0
    """Seconds since the kata was begun."""
    hints: int = 0
    sitting: int = 0
    id: int = 0


@dataclass(frozen=True)
class Sitting:
    """One try at a kata, from a fresh stub on."""

    id: int
    kata: str
    how: str
    interview: int | None
    begun: float
    spent: float
    hints: int
    explained: bool
    passed_at: float | None
    rating: int | None


@dataclass(frozen=True)
class Interview:
    """A mock round; one without an end can be resumed."""

    id: int
    begun: float
    spent: float
    settings: Mapping[str, Any]
    ended: float | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happened in an interview."""

    id: int
    at: float
    spent: float
    kind: str
    kata: str
    data: Mapping[str, Any]


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
        *,
        failures: Sequence[Failed] = (),
        answer: bytes | None = None,
        how: str = "grade",
        spent: float = 0.0,
        interview: int | None = None,
    ) -> bool:
        """Add an attempt and say so; an unchanged file that ends as before is no new one.

        If this begins a sitting, `how` says by what, and `spent` how many seconds ago.
        """
        with self._writing() as db:
            sitting = _sitting_now(db, kata, how, interview, spent=spent)
            last = _attempts(db, "WHERE sitting = ? ORDER BY id DESC LIMIT 1", sitting)
            again = (verdict, passed, total, digest_of_file)
            if last and (last[0].verdict, last[0].passed, last[0].total, last[0].digest) == again:
                return False
            now = time.time()
            row = db.execute(
                "INSERT INTO attempt"
                " (kata, verdict, passed, total, seconds, digest, at, sitting, spent, hints)"
                " SELECT ?, ?, ?, ?, ?, ?, ?, id, spent, hints FROM sitting WHERE id = ?",
                (kata, str(verdict), passed, total, seconds, digest_of_file, now, sitting),
            ).lastrowid
            assert row is not None
            if verdict is Verdict.PASSED:
                db.execute(
                    "UPDATE sitting SET passed_at = ? WHERE id = ? AND passed_at IS NULL",
                    (now, sitting),
                )
            db.executemany(
                "INSERT INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [_failure_row(row, place, failed) for place, failed in enumerate(failures)],
            )
            if answer is not None and len(answer) <= LARGEST_ANSWER:
                packed = zlib.compress(answer, 9)
                db.execute("INSERT OR IGNORE INTO answer VALUES (?, ?)", (digest_of_file, packed))
        return True

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

    def attempts(self, kata: str | None = None) -> list[Attempt]:
        """Return all attempts, or those of one kata, oldest first."""
        with self._reading() as db:
            if kata is None:
                return _attempts(db, "ORDER BY id")
            return _attempts(db, "WHERE kata = ? ORDER BY id", kata)

    def failures(self, attempt: int) -> list[Failed]:
        """Return what failed in an attempt; the first comes with its details."""
        rows = self.query(
            "SELECT case_id, title, verdict, summary, why, details FROM failure"
            " WHERE attempt = ? ORDER BY place",
            attempt,
        )
        return [
            Failed(
                case_id=row[0],
                title=row[1],
                verdict=Verdict(row[2]),
                summary=row[3],
                why=row[4],
                details=tuple(json.loads(row[5])),
            )
            for row in rows
        ]

    def answer(self, digest: str) -> bytes | None:
        """Return the text that was graded, if it was kept."""
        rows = self.query("SELECT packed FROM answer WHERE digest = ?", digest)
        return zlib.decompress(rows[0][0]) if rows else None

    def solved(self) -> set[str]:
        """Return the katas that have passed at least once."""
        rows = self.query("SELECT DISTINCT kata FROM attempt WHERE verdict = ?", Verdict.PASSED)
        return {row[0] for row in rows}

    def query(self, select: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a question to the tables above."""
        with self._reading() as db:
            return db.execute(select, tuple(map(_plain, values))).fetchall()

    # --- sittings ---------------------------------------------------------------------------------

    def begin(self, kata: str, how: str, interview: int | None = None) -> Sitting:
        """Begin a kata, unless it is begun and not yet passed: then go on with it."""
        with self._writing() as db:
            sitting = _sitting_now(db, kata, how, interview, fresh=True)
            return _sittings(db, "WHERE id = ?", sitting)[0]

    def sitting(self, kata: str, interview: int | None = None) -> Sitting | None:
        """Return a kata's sitting in an interview, or its latest one outside of any."""
        with self._reading() as db:
            found = _sittings(
                db, "WHERE kata = ? AND interview IS ? ORDER BY id DESC LIMIT 1", kata, interview
            )
        return found[0] if found else None

    def sittings(self, kata: str | None = None) -> list[Sitting]:
        """Return all sittings, or those of one kata, oldest first."""
        with self._reading() as db:
            if kata is None:
                return _sittings(db, "ORDER BY id")
            return _sittings(db, "WHERE kata = ? ORDER BY id", kata)

    def hints_seen(self, kata: str, interview: int | None = None) -> int:
        """Return how many of a kata's hints have been shown since it was begun."""
        found = self.sitting(kata, interview)
        return found.hints if found else 0

    def saw_hint(
        self, kata: str, how: str = "hint", spent: float = 0.0, interview: int | None = None
    ) -> None:
        """Count one more hint of a kata; if this begins it, it was `spent` seconds ago."""
        with self._writing() as db:
            sitting = _sitting_now(db, kata, how, interview, spent=spent)
            db.execute("UPDATE sitting SET hints = hints + 1 WHERE id = ?", (sitting,))

    def saw_solution(self, kata: str) -> None:
        """Note that the solution was shown; after a pass this changes nothing."""
        with self._writing() as db:
            sitting = _sitting_now(db, kata, "hint")
            db.execute(
                "UPDATE sitting SET explained = 1 WHERE id = ? AND passed_at IS NULL", (sitting,)
            )

    # --- the schedule -----------------------------------------------------------------------------

    def cards(self) -> dict[str, str]:
        """Return the state of every kata's card, as JSON of fsrs."""
        return dict(self.query("SELECT kata, state FROM card"))

    def unrated(self) -> list[Sitting]:
        """Return the sittings that ended in a pass and have not moved a card yet."""
        with self._reading() as db:
            return _sittings(db, "WHERE passed_at IS NOT NULL AND rating IS NULL ORDER BY id")

    def rate(self, sitting: Sitting, review: Callable[[str | None], tuple[int, str]]) -> bool:
        """Rate a sitting once, and move its kata's card: from the state to rating and state."""
        with self._writing() as db:
            row = db.execute(
                "SELECT kata FROM sitting WHERE id = ? AND rating IS NULL", (sitting.id,)
            ).fetchone()
            if row is None:  # Another process was faster.
                return False
            kata = row[0]
            card = db.execute("SELECT state FROM card WHERE kata = ?", (kata,)).fetchone()
            rating, state = review(card[0] if card else None)
            db.execute("UPDATE sitting SET rating = ? WHERE id = ?", (rating, sitting.id))
            db.execute("INSERT OR REPLACE INTO card VALUES (?, ?)", (kata, state))
        return True

    def rename(self, new: str, *old: str) -> None:
        """Give what is known of a kata under its old ids to its new one."""
        marks = ", ".join("?" * len(old))
        tables = ("attempt", "sitting", "event")
        known = " UNION ".join(
            f"SELECT 1 FROM {table} WHERE kata IN ({marks})" for table in (*tables, "card")
        )
        if not old or not self.query(known, *old * 4):
            return
        with self._writing() as db:
            for table in tables:
                db.execute(f"UPDATE {table} SET kata = ? WHERE kata IN ({marks})", (new, *old))
            db.execute(  # A card that the new id has already is the younger one.
                f"INSERT OR IGNORE INTO card SELECT ?, state FROM card WHERE kata IN ({marks})",
                (new, *old),
            )
            db.execute(f"DELETE FROM card WHERE kata IN ({marks})", old)

    # --- interviews -------------------------------------------------------------------------------

    def open_interview(self, settings: Mapping[str, Any]) -> Interview:
        """Begin a round."""
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO interview (begun, settings) VALUES (?, ?)",
                (time.time(), _json(settings)),
            ).lastrowid
            return _interviews(db, "WHERE id = ?", row)[0]

    def interviews(self) -> list[Interview]:
        """Return all rounds, oldest first."""
        with self._reading() as db:
            return _interviews(db, "ORDER BY id")

    def log(self, interview: int, spent: float, kind: str, kata: str = "", **data: object) -> None:
        """Add an event to a round, and note how many seconds of it are spent."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO event (interview, at, spent, kind, kata, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (interview, time.time(), spent, kind, kata, _json(data)),
            )
            _tick(db, interview, spent)

    def tick(self, interview: int, spent: float) -> None:
        """Note how many seconds of a round are spent, so that a kill costs only the last few."""
        with self._writing() as db:
            _tick(db, interview, spent)

    def events(self, interview: int) -> list[Event]:
        """Return what happened in a round, in order."""
        rows = self.query(
            "SELECT id, at, spent, kind, kata, data FROM event WHERE interview = ? ORDER BY id",
            interview,
        )
        return [Event(*(*row[:5], json.loads(row[5]))) for row in rows]

    def discard_interview(self, interview: int) -> None:
        """Forget a round in which nothing has happened."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM interview WHERE id = ?"
                " AND NOT EXISTS (SELECT 1 FROM event WHERE interview = ?)",
                (interview, interview),
            )

    def close_interview(self, interview: int, report: Mapping[str, Any]) -> None:
        """End a round and keep its report."""
        with self._writing() as db:
            db.execute(
                "UPDATE interview SET ended = ?, report = ? WHERE id = ?",
                (time.time(), _json(report), interview),
            )

    # --- the file ---------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Open the file as of today's version; looking neither makes nor changes a file."""
        if not self.path.exists():
            with closing(sqlite3.connect(":memory:")) as db:
                schema.create(db)
                yield db
            return
        with self._open() as db:
            if schema.version(db) == schema.VERSION:
                yield db
                return
            with closing(sqlite3.connect(":memory:")) as copy:
                db.backup(copy)
                copy.isolation_level = None
                schema.migrate(copy)
                yield copy

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            # Taken before the first read: a lock that is asked for later may have to be refused.
            db.execute("BEGIN IMMEDIATE")
            with db:
                schema.migrate(db)
                yield db

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._refusals(), closing(self._connect()) as db:
            db.isolation_level = None  # Transactions begin where they are written.
            if schema.version(db) > schema.VERSION:
                raise ProgressError(
                    f"{self.path} was written by a newer version: update this clone (git pull), "
                    "or move the file away to begin a new record"
                )
            yield db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self.patience)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Say in words why the file cannot be used, and what to do."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            if damaged or str(error).startswith("no such"):  # … table, … column
                raise DamagedRecord(self._set_aside()) from error
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


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Verdict) else value


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _failure_row(attempt: int, place: int, failed: Failed) -> tuple[object, ...]:
    details = [] if place else list(failed.details)
    values = {**asdict(failed), "details": json.dumps(details, ensure_ascii=False)}
    values["verdict"] = str(failed.verdict)
    return (attempt, place, *values.values())


def _attempts(db: sqlite3.Connection, where: str, *values: object) -> list[Attempt]:
    rows = db.execute(
        "SELECT kata, verdict, passed, total, seconds, digest, at, spent, hints, sitting, id"
        f" FROM attempt {where}",
        values,
    )
    return [Attempt(row[0], Verdict(row[1]), *row[2:]) for row in rows]


def _sittings(db: sqlite3.Connection, where: str, *values: object) -> list[Sitting]:
    rows = db.execute(
        "SELECT id, kata, how, interview, begun, spent, hints, explained, passed_at, rating"
        f" FROM sitting {where}",
        values,
    )
    return [Sitting(*(*row[:7], bool(row[7]), *row[8:])) for row in rows]


def _interviews(db: sqlite3.Connection, where: str, *values: object) -> list[Interview]:
    rows = db.execute(
        f"SELECT id, begun, spent, settings, ended, report FROM interview {where}", values
    )
    return [
        Interview(*(*row[:3], json.loads(row[3]), row[4], json.loads(row[5] or "{}")))
        for row in rows
    ]


def _tick(db: sqlite3.Connection, interview: int, spent: float) -> None:
    db.execute("UPDATE interview SET spent = max(spent, ?) WHERE id = ?", (spent, interview))


def _sitting_now(
    db: sqlite3.Connection,
    kata: str,
    how: str,
    interview: int | None = None,
    *,
    fresh: bool = False,
    spent: float = 0.0,
) -> int:
    """Return the sitting that something belongs to, and let its time pass.

    Where a `fresh` one is wanted, one that has passed stays as it is.
    """
    found = db.execute(
        "SELECT id, passed_at, last_at, last_tick, boot FROM sitting"
        " WHERE kata = ? AND interview IS ? ORDER BY id DESC LIMIT 1",
        (kata, interview),
    ).fetchone()
    now, tick, boot = time.time(), time.monotonic(), _boot()
    if found and not (fresh and found[1] is not None):
        sitting, _, last_at, last_tick, last_boot = found
        gap = tick - last_tick if boot and boot == last_boot else now - last_at
        db.execute(
            "UPDATE sitting SET spent = spent + ?, last_at = ?, last_tick = ?, boot = ?"
            " WHERE id = ?",
            (gap if 0 < gap <= PAUSE else 0.0, now, tick, boot, sitting),
        )
        return int(sitting)
    row = db.execute(
        "INSERT INTO sitting (kata, how, interview, begun, spent, last_at, last_tick, boot)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (kata, how, interview, now - spent, spent, now, tick, boot),
    ).lastrowid
    assert row is not None
    return row


def _boot() -> str:
    """Name the start of this machine; within one, processes share a clock that only goes on."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""
