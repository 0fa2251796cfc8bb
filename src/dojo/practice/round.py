"""A mock round: which katas fit it, and what is known of it from the events that are on record."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dojo.progress import Event
from dojo.suite import Entry
from dojo.translations import Language, words
from dojo.trouble import Trouble

__all__ = ["MARKS", "Asked", "NothingFits", "Part", "Round", "plan", "questions", "replay"]

TALK: Final = 2
"""Minutes between two katas for the questions that follow the first."""
QUESTIONS: Final = 2
FULL: Final = 0.85
"""Choices that fill the time as well as this, next to the fullest one, are as good as it."""
MARKS: Final = {1: "missed", 2: "partly", 3: "had it"}

Stage = Literal["briefing", "coding", "asking", "marking", "over"]


class NothingFits(Trouble):
    """A round that no kata fits."""


@dataclass
class Asked:
    """A follow-up question: how it was answered, and the mark that the learner gave."""

    question: str
    model: str
    answer: str = ""
    answered: bool = False
    mark: int = 0


@dataclass
class Part:
    """One kata of a round, in seconds of the round's clock."""

    kata: str
    minutes: int
    level: str
    asked: list[Asked]
    began: float | None = None
    passed: float | None = None
    left: float | None = None
    """When it was given up."""
    tries: int = 0
    hints: int = 0
    mistakes: list[str] = field(default_factory=list)
    last: str = ""
    """The last verdict."""
    digest: str = ""
    """Of the answer that was graded last."""

    @property
    def stage(self) -> Stage:
        """What is to be done with it now."""
        if self.passed is None:
            return "over" if self.left is not None else "coding"
        for asked in self.asked:
            if not asked.answered:
                return "asking"
            if not asked.mark:
                return "marking"
        return "over"


@dataclass
class Round:
    """Where a round stands."""

    minutes: int
    parts: list[Part]
    began: bool = False
    overtime: bool = False
    """Somebody chose to go on after the time was up."""
    ended: bool = False
    draft: str = ""
    """What was typed of an answer that is not finished."""

    @property
    def index(self) -> int:
        """The kata that is at hand; the last one when all are done."""
        left = (n for n, part in enumerate(self.parts) if part.stage != "over")
        return next(left, len(self.parts) - 1)

    @property
    def part(self) -> Part:
        """The kata that is at hand."""
        return self.parts[self.index]

    @property
    def question(self) -> Asked:
        """The question that is at hand, while one is."""
        return next(asked for asked in self.part.asked if not asked.mark)

    @property
    def stage(self) -> Stage:
        """What is to be done now."""
        if self.ended:
            return "over"
        return self.part.stage if self.began else "briefing"


def plan(
    entries: Sequence[Entry],
    minutes: int,
    seed: int,
    topics: Iterable[str] = (),
    level: str | None = None,
) -> tuple[Entry, ...]:
    """Choose a warm-up and one or two katas that fit the time; the same seed chooses the same.

    A short round may hold the warm-up alone. Raises NothingFits if not even that fits.
    """
    topics = sorted({*topics})
    chance = random.Random(f"{seed}/{minutes}/{topics}/{level}")
    pool = sorted((e for e in entries if e.topic in topics or not topics), key=lambda e: e.id)
    fitting = [entry for entry in pool if entry.meta.minutes <= minutes]
    if not fitting:
        raise NothingFits(
            f"nothing fits into {minutes} minutes: the shortest kata takes "
            f"{min(e.meta.minutes for e in pool)}"
            if pool
            else "there is no kata in these topics"
        )
    warmups = [entry for entry in fitting if entry.meta.level == "warmup"]
    shortest = min(entry.meta.minutes for entry in fitting)
    half = [entry for entry in warmups if entry.meta.minutes <= max(minutes / 2, shortest)]
    firsts = half or warmups or [e for e in fitting if e.meta.minutes == shortest]
    if level is not None:
        mains = [entry for entry in fitting if entry.meta.level == level]
    else:
        mains = [entry for entry in fitting if entry.meta.level != "warmup"] or fitting

    def fits(*choice: Entry) -> bool:
        talk = TALK * (len(choice) - 1)
        return _minutes(choice) + talk <= minutes and len({*choice}) == len(choice)

    first = chance.choice([e for e in firsts if any(fits(e, main) for main in mains)] or firsts)
    choices: list[tuple[Entry, ...]] = [(entry,) for entry in mains if fits(first, entry)]
    choices += [pair for pair in itertools.combinations(mains, 2) if fits(first, *pair)]
    if not choices:
        return (first,)
    best = max(map(_minutes, choices))
    good = [choice for choice in choices if _minutes(choice) >= FULL * best]
    # Variety, where there is a choice: no topic twice.
    varied = [c for c in good if len({e.topic for e in (first, *c)}) == len(c) + 1] or good
    chosen = chance.choice(varied)
    return (first, *sorted(chosen, key=lambda e: e.meta.minutes))


def _minutes(entries: Iterable[Entry]) -> int:
    return sum(entry.meta.minutes for entry in entries)


def questions(entry: Entry, seed: int, language: Language) -> list[tuple[str, str]]:
    """Choose the questions that follow a kata, with the model answers."""
    every = list(words(entry, language).follow_ups)
    chosen = random.Random(f"{seed}/{entry.id}").sample(range(len(every)), k=len(every))[:QUESTIONS]
    return [every[number] for number in sorted(chosen)]


def replay(settings: Mapping[str, Any], events: Iterable[Event]) -> Round:
    """Return where a round stands after these events."""
    parts = [
        Part(
            kata=part["kata"],
            minutes=part["minutes"],
            level=part["level"],
            asked=[Asked(question, model) for question, model in part["questions"]],
        )
        for part in settings["parts"]
    ]
    found = Round(settings["minutes"], parts)
    for event in events:
        _apply(found, event)
    return found


def _apply(found: Round, event: Event) -> None:
    data = event.data
    part = found.parts[data["part"]] if "part" in data else found.part
    if event.kind == "began":
        found.began = True
    elif event.kind == "kata":
        part.began = event.spent if part.began is None else part.began
    elif event.kind == "hint":
        part.hints += 1
    elif event.kind == "graded":
        part.tries += 1
        part.last, part.digest = data["verdict"], data["digest"]
        part.mistakes += [why for why in data["mistakes"] if why not in part.mistakes]
    elif event.kind == "passed":
        part.passed = event.spent
    elif event.kind == "left":
        part.left = event.spent
    elif event.kind == "draft":
        found.draft = data["text"]
    elif event.kind == "answered":
        asked = part.asked[data["question"]]
        asked.answer, asked.answered, found.draft = data["text"], True, ""
    elif event.kind == "marked":
        part.asked[data["question"]].mark = data["mark"]
    elif event.kind == "overtime":
        found.overtime = True
    elif event.kind == "ended":
        found.ended = True
