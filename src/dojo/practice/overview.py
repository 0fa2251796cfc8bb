"""What the record says about a learner, as numbers: for `status`, the greeting and the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dojo.practice.schedule import Due, due, readable
from dojo.progress import Attempt, Progress
from dojo.suite import Entry, Suite

__all__ = ["Overview", "Topic", "Weakness", "day_of", "look", "streak"]

WEAKEST = 8


@dataclass(frozen=True)
class Topic:
    """How far one topic is."""

    name: str
    solved: int
    tried: int
    """Tried, and not solved yet."""
    total: int
    due: int


@dataclass(frozen=True)
class Weakness:
    """A mistake that was made, and how often."""

    kata: str
    why: str
    sittings: int
    attempts: int
    last: float
    """When it was made last, in seconds since 1970."""
    mended: bool
    """Whether the kata was solved after it."""


@dataclass(frozen=True)
class Overview:
    """All there is to say in numbers."""

    entries: tuple[Entry, ...]
    attempts: tuple[Attempt, ...]
    """Of all katas, oldest first."""
    solved: frozenset[str]
    due: tuple[Due, ...]
    topics: tuple[Topic, ...]
    weaknesses: tuple[Weakness, ...]
    """Those of katas that are not solved since first, then the most frequent."""
    streak: int
    """On how many days in a row something was graded, up to today or yesterday."""
    seconds: float
    """How long somebody was at work."""

    @property
    def n_solved(self) -> int:
        """How many of the katas that there are have been solved."""
        return sum(entry.id in self.solved for entry in self.entries)


def look(suite: Suite, record: Progress, now: datetime | None = None) -> Overview:
    """Read the record once; nothing is graded or written."""
    now = now or datetime.now().astimezone()
    entries = readable(suite)
    ids = {entry.id for entry in entries}
    attempts = tuple(attempt for attempt in record.attempts() if attempt.kata in ids)
    solved = frozenset(record.solved())
    waiting = tuple(due(suite, record, now))
    tried = {attempt.kata for attempt in attempts} - solved
    topics = []
    for name in dict.fromkeys(entry.topic for entry in entries):
        mine = {entry.id for entry in entries if entry.topic == name}
        n_due = sum(item.entry.id in mine for item in waiting)
        topics.append(Topic(name, len(mine & solved), len(mine & tried), len(mine), n_due))
    return Overview(
        entries=entries,
        attempts=attempts,
        solved=solved,
        due=waiting,
        topics=tuple(topics),
        weaknesses=tuple(_weaknesses(record, ids)),
        streak=streak((attempt.at for attempt in attempts), now.date()),
        seconds=sum(row[0] for row in record.query("SELECT spent FROM sitting")),
    )


def streak(times: Iterable[float], today: date) -> int:
    """Count the days in a row on which something happened, up to today or yesterday."""
    days = {day_of(at) for at in times}
    day = today if today in days else today - timedelta(days=1)
    count = 0
    while day in days:
        count += 1
        day -= timedelta(days=1)
    return count


def day_of(at: float) -> date:
    """Return the local day of a moment; one beyond the calendar is its first day."""
    try:
        return datetime.fromtimestamp(at).astimezone().date()
    except (OSError, OverflowError, ValueError):
        return date.min


def _weaknesses(record: Progress, ids: set[str]) -> list[Weakness]:
    """Return recurring mistakes; the same one saved five times in a row counts once a sitting."""
    rows = record.query(
        "SELECT attempt.kata, why, count(DISTINCT attempt.sitting), count(DISTINCT attempt.id),"
        " max(attempt.at), max(attempt.id) < coalesce((SELECT max(id) FROM attempt AS later"
        " WHERE later.kata = attempt.kata AND later.verdict = 'passed'), 0)"
        " FROM failure JOIN attempt ON attempt.id = failure.attempt"
        " WHERE why != '' GROUP BY attempt.kata, why"
        " ORDER BY 6, 3 DESC, 4 DESC, max(attempt.id) DESC"
    )
    found = [
        Weakness(kata, why, sittings, attempts, last, bool(mended))
        for kata, why, sittings, attempts, last, mended in rows
        if kata in ids
    ]
    return found[:WEAKEST]
