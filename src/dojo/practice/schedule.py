"""What to do today: katas come back when fsrs says so, new ones follow `needs` and level.

A sitting that ends in a pass is rated by how it went, and the rating moves the kata's card. Cards
are moved here and nowhere else, so that a kill between a pass and its rating costs nothing: the
next look rates what has not been rated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from dojo.grader_file import LEVELS, GraderError
from dojo.progress import Progress, Sitting, unrecorded
from dojo.suite import Entry, Suite
from dojo.verdict import Verdict

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

__all__ = ["Due", "Step", "catch_up", "coming", "due", "due_line", "rated", "readable", "upcoming"]

TRIED: Final = (
    Verdict.WRONG,
    Verdict.FORBIDDEN,
    Verdict.TOO_SLOW,
    Verdict.TOO_MUCH_MEMORY,
    Verdict.NO_ANSWER,
)
"""Verdicts of what was meant as an answer; what raises was often only saved on the way."""
AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
LONGEST: Final = 120
"""Days until a kata comes back at the latest."""
FRESH: Final = timedelta(hours=16)
"""Whoever left a kata unfinished less than this ago is asked to go on with it first."""
STEPS: Final = (0, 1, 3)
"""How many places a kata of each level stands back behind the easier ones of other topics."""
WRONG_CLOCK: Final = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A kata that was solved and comes back."""

    entry: Entry
    at: datetime
    last: datetime | None
    """When it was last solved; None if the clock has gone back behind that."""

    @property
    def day(self) -> date:
        """The day in the learner's own time zone."""
        return self.at.astimezone().date()


@dataclass(frozen=True)
class Step:
    """The kata to do now, and why it."""

    entry: Entry
    why: Literal["unfinished", "due", "new"]
    at: datetime | None = None
    """When it came due, or was begun."""


def readable(suite: Suite) -> tuple[Entry, ...]:
    """Return the katas whose graders can be read; the audit speaks of the others."""
    return tuple(entry for entry in suite.entries if _is_readable(entry))


def rated(sitting: Sitting, wrong_tries: int, minutes: int, hints: int) -> int:
    """Return how well it went, 1 (again) to 4 (easy), against a kata's minutes and its hints."""
    slow = sitting.spent / (60 * minutes)
    all_hints = hints > 0 and sitting.hints >= hints
    if sitting.explained or (all_hints and slow > 2):
        return AGAIN
    if all_hints or sitting.hints > 1 or slow > 1.5 or wrong_tries > 5:
        return HARD
    timed = sitting.how not in ("grade", "hint")  # otherwise nobody saw when it was begun
    if timed and not sitting.hints and slow <= 0.6 and wrong_tries <= 1:
        return EASY
    return GOOD


def catch_up(suite: Suite, record: Progress) -> None:
    """Rate what has passed and was not rated; a record that nobody may write stays as it is."""
    known = {entry.id: entry for entry in suite.entries}
    for sitting in record.unrated():
        entry = known.get(sitting.kata)
        if entry is not None and _is_readable(entry):
            with unrecorded():
                _rate(record, entry, sitting)


def _rate(record: Progress, entry: Entry, sitting: Sitting) -> None:
    from fsrs import Rating

    assert sitting.passed_at is not None
    at = datetime.fromtimestamp(sitting.passed_at, UTC)
    (first,) = record.query(
        "SELECT hints, spent FROM attempt WHERE sitting = ? AND verdict = ? ORDER BY id LIMIT 1",
        sitting.id,
        Verdict.PASSED,
    ) or [(sitting.hints, sitting.spent)]
    verdicts = record.query(
        "SELECT verdict FROM attempt WHERE sitting = ? AND id <"
        " (SELECT min(id) FROM attempt WHERE sitting = ? AND verdict = ?)",
        sitting.id,
        sitting.id,
        Verdict.PASSED,
    )
    wrong = sum(row[0] in TRIED for row in verdicts)
    # Hints that were read, and time that went by, after the pass say nothing about it.
    then = replace(sitting, hints=first[0], spent=first[1])
    rating = rated(then, wrong, entry.meta.minutes, len(entry.meta.hints))

    def review(state: str | None) -> tuple[int, str]:
        card = _card(state)
        if card.last_review is not None and card.last_review > at:  # the clock has gone back
            card.last_review = at
        moved, _ = _scheduler().review_card(card, Rating(rating), at)
        return rating, moved.to_json()

    record.rate(sitting, review)


def due(suite: Suite, record: Progress, now: datetime | None = None) -> list[Due]:
    """Return the katas that are due today or have been before, the most urgent first."""
    now = now or datetime.now(UTC)
    today = now.astimezone().date()
    return [item for item in upcoming(suite, record, now) if item.day <= today]


def upcoming(suite: Suite, record: Progress, now: datetime | None = None) -> list[Due]:
    """Return every kata that was solved, in the order in which they come back."""
    now = now or datetime.now(UTC)
    known = {entry.id: entry for entry in readable(suite)}
    found = []
    for kata, state in record.cards().items():
        card = _card(state)
        if kata not in known or card.last_review is None:
            continue
        if card.last_review - now > WRONG_CLOCK:  # Then its day says nothing: ask, and it heals.
            found.append(Due(known[kata], now, None))
        else:
            found.append(Due(known[kata], card.due, card.last_review))
    return sorted(found, key=lambda item: (item.at, item.entry.id))


def coming(
    suite: Suite,
    record: Progress,
    *,
    among: Iterable[Entry] | None = None,
    without: Sequence[str] = (),
    now: datetime | None = None,
) -> Step | None:
    """Return the kata to do now, or None if everything is solved and nothing due.

    First what was left unfinished today, then what is due, then what was left unfinished before,
    and then what is new: `among` these, `without` those.
    """
    now = now or datetime.now(UTC)
    allowed = {e.id: e for e in (readable(suite) if among is None else among)}
    for id in without:
        allowed.pop(id, None)
    unfinished = [step for step in _unfinished(record, allowed) if step.at is not None]
    fresh = [step for step in unfinished if abs(now - step.at) < FRESH]  # type: ignore[operator]
    if fresh:
        return fresh[0]
    for item in due(suite, record, now):
        if item.entry.id in allowed:
            return Step(item.entry, "due", item.at)
    if unfinished:
        return unfinished[0]
    solved = record.solved()
    new = [e for e in _in_learning_order(suite) if e.id in allowed and e.id not in solved]
    known = {entry.id for entry in suite.entries}
    ready = [e for e in new if not set(e.meta.needs) & known - solved]
    return Step((ready or new)[0], "new") if new else None


def due_line(suite: Suite, record: Progress, now: datetime | None = None) -> str:
    """Return one line for `status`: what is due today, or what comes when."""
    now = now or datetime.now(UTC)
    found = upcoming(suite, record, now)
    today = [item for item in found if item.day <= now.astimezone().date()]
    if today:
        names = ", ".join(item.entry.name for item in today[:3])
        more = f" and {len(today) - 3} more" if len(today) > 3 else ""
        return f"Due today: {names}{more} (`dojo next`)"
    if found:
        return f"Nothing is due today; {found[0].entry.name} comes back on {found[0].day}"
    return "Nothing is due: what you solve comes back here"


def _unfinished(record: Progress, allowed: dict[str, Entry]) -> list[Step]:
    """Return what was tried and not solved in its latest sitting, the latest first."""
    rows = record.query(
        "SELECT kata, last_at FROM sitting AS s WHERE passed_at IS NULL AND interview IS NULL"
        " AND id = (SELECT max(id) FROM sitting WHERE kata = s.kata AND interview IS NULL)"
        " AND (how != 'hint' OR EXISTS (SELECT 1 FROM attempt WHERE sitting = s.id))"
        " ORDER BY last_at DESC"
    )
    return [
        Step(allowed[kata], "unfinished", datetime.fromtimestamp(at, UTC))
        for kata, at in rows
        if kata in allowed
    ]


def _in_learning_order(suite: Suite) -> list[Entry]:
    """Return the katas so that every topic gets its turn, easier ones first."""

    def place(item: tuple[int, int, Entry]) -> tuple[int, int]:
        inside, order, entry = item
        return inside + STEPS[LEVELS.index(entry.meta.level)], order

    ok = {entry.id for entry in readable(suite)}
    order = {entry.id: number for number, entry in enumerate(suite.entries)}
    items = [
        (inside, order[entry.id], entry)
        for entries in suite.topics().values()
        for inside, entry in enumerate(e for e in entries if e.id in ok)
    ]
    return [entry for _, _, entry in sorted(items, key=place)]


def _is_readable(entry: Entry) -> bool:
    try:
        return bool(entry.meta)
    except GraderError:
        return False


def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    # Steps of minutes are for flashcards: a kata comes back on another day or not at all.
    return Scheduler(
        learning_steps=(), relearning_steps=(), maximum_interval=LONGEST, enable_fuzzing=False
    )


def _card(state: str | None) -> Card:
    from fsrs import Card

    if state is not None:
        with suppress(ValueError, KeyError, TypeError):  # Spoilt by hand: it begins anew.
            return Card.from_json(state)
    return Card(card_id=0)
