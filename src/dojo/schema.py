"""The tables of the record, and how an older file becomes one of today."""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["VERSION", "create", "migrate", "version"]

VERSION: Final = 2

_FIRST: Final = (
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
)

_SECOND: Final = (
    "ALTER TABLE attempt ADD COLUMN sitting INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE attempt ADD COLUMN spent REAL NOT NULL DEFAULT 0",
    "ALTER TABLE attempt ADD COLUMN hints INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX attempt_of_sitting ON attempt (sitting, id)",
    """CREATE TABLE sitting (
        id INTEGER PRIMARY KEY,
        kata TEXT NOT NULL,
        how TEXT NOT NULL,
        interview INTEGER,
        begun REAL NOT NULL,
        spent REAL NOT NULL DEFAULT 0,
        hints INTEGER NOT NULL DEFAULT 0,
        explained INTEGER NOT NULL DEFAULT 0,
        passed_at REAL,
        rating INTEGER,
        last_at REAL NOT NULL,
        last_tick REAL NOT NULL,
        boot TEXT NOT NULL
    )""",
    "CREATE INDEX sitting_of_kata ON sitting (kata, id)",
    """CREATE TABLE failure (
        attempt INTEGER NOT NULL,
        place INTEGER NOT NULL,
        case_id TEXT NOT NULL,
        title TEXT NOT NULL,
        verdict TEXT NOT NULL,
        summary TEXT NOT NULL,
        why TEXT NOT NULL,
        details TEXT NOT NULL,
        PRIMARY KEY (attempt, place)
    ) WITHOUT ROWID""",
    "CREATE TABLE answer (digest TEXT PRIMARY KEY, packed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE card (kata TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE interview (
        id INTEGER PRIMARY KEY,
        begun REAL NOT NULL,
        spent REAL NOT NULL DEFAULT 0,
        settings TEXT NOT NULL,
        ended REAL,
        report TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        interview INTEGER NOT NULL,
        at REAL NOT NULL,
        spent REAL NOT NULL,
        kind TEXT NOT NULL,
        kata TEXT NOT NULL,
        data TEXT NOT NULL
    )""",
    "CREATE INDEX event_of_interview ON event (interview, id)",
)

_FROM_FIRST: Final = (
    # What was done before sittings were known is one sitting for each kata.
    """INSERT INTO sitting (kata, how, begun, hints, passed_at, last_at, last_tick, boot)
       SELECT kata, 'grade', min(at), 0, min(CASE verdict WHEN 'passed' THEN at END), max(at), 0, ''
       FROM attempt GROUP BY kata ORDER BY min(id)""",
    """INSERT INTO sitting (kata, how, begun, last_at, last_tick, boot)
       SELECT kata, 'hint', strftime('%s', 'now'), strftime('%s', 'now'), 0, ''
       FROM hint WHERE kata NOT IN (SELECT kata FROM sitting)""",
    """UPDATE sitting SET hints = coalesce(
       (SELECT seen FROM hint WHERE hint.kata = sitting.kata), 0)""",
    """UPDATE attempt SET sitting = (SELECT id FROM sitting WHERE sitting.kata = attempt.kata),
       hints = (SELECT hints FROM sitting WHERE sitting.kata = attempt.kata)""",
    "DROP TABLE hint",
)


def version(db: sqlite3.Connection) -> int:
    """Return the version of a file; a new one has version 0."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def create(db: sqlite3.Connection) -> None:
    """Make every table in a new file; the caller holds the transaction."""
    _run(db, *_FIRST, *_SECOND)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to today's version; the caller holds the transaction."""
    found = version(db)
    if found == 0:
        create(db)
    elif found == 1:
        _run(db, *_SECOND, *_FROM_FIRST)


def _run(db: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
