"""The page at the end of a mock round: what was solved when, what went wrong, what to revise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dojo.practice.history import clock, plain
from dojo.practice.round import MARKS, Part, Round
from dojo.progress import Interview
from dojo.report import make_table
from dojo.wrapping import Wrapped

__all__ = ["as_report", "show_report"]


def as_report(state: Round, spent: float) -> dict[str, Any]:
    """Return the report as it is kept: plain values, times in seconds of the round's clock."""
    return {
        "version": 1,
        "minutes": state.minutes,
        "spent": round(spent, 1),
        "katas": [_part(part, spent) for part in state.parts if part.began is not None],
        "not_reached": [part.kata for part in state.parts if part.began is None],
        "revise": _revise(state),
    }


def _part(part: Part, spent: float) -> dict[str, Any]:
    assert part.began is not None
    end = next((t for t in (part.passed, part.left) if t is not None), spent)
    return {
        "kata": part.kata,
        "minutes": part.minutes,
        "level": part.level,
        "began": round(part.began, 1),
        "solved": part.passed is not None,
        "seconds": round(end - part.began, 1),
        "at": round(end, 1),
        "tries": part.tries,
        "hints": part.hints,
        "mistakes": part.mistakes,
        "last": part.last,
        "questions": [
            {"question": a.question, "answer": a.answer, "model": a.model, "mark": a.mark}
            for a in part.asked
            if a.answered
        ],
    }


def _revise(state: Round) -> list[dict[str, str]]:
    """Return what to revise, the most pressing first: a kata, and why it."""
    found: list[dict[str, str]] = []
    for part in state.parts:
        weak = [asked for asked in part.asked if asked.mark in (1, 2)]
        if part.began is None:
            continue
        if part.passed is None:
            found.append({"kata": part.kata, "why": "not solved", "do": "again"})
        elif part.hints or part.passed - part.began > 90 * part.minutes:
            slow = "solved with hints" if part.hints else "solved, but slowly"
            found.append({"kata": part.kata, "why": slow, "do": "again"})
        if weak:
            missed = f"{len(weak)} follow-up{'s' * (len(weak) > 1)} not known well"
            found.append({"kata": part.kata, "why": missed, "do": "explain"})
    return sorted(found, key=lambda item: item["why"] != "not solved")


def show_report(console: Console, interview: Interview) -> None:
    """Print a round's report on one page."""
    report = interview.report
    when = datetime.fromtimestamp(interview.begun)
    over = max(report["spent"] - 60 * report["minutes"], 0)
    late = f", {clock(over)} of them over time" if over >= 1 else ""
    title = f"Interview {interview.id}, {when:%Y-%m-%d %H:%M}"
    console.print(
        Text.assemble(
            (title, "bold"), f" – {clock(report['spent'])} of {report['minutes']}:00{late}\n"
        )
    )
    table = make_table("", "kata", "solved at", "took", "tries", "hints")
    for name in ("solved at", "took", "tries", "hints"):
        next(c for c in table.columns if c.header == name).justify = "right"
    for part in report["katas"]:
        table.add_row(
            Text("✓", "green") if part["solved"] else Text("✗", "red"),
            part["kata"],
            clock(part["at"]) if part["solved"] else "–",
            f"{clock(part['seconds'])} of {part['minutes']}:00",
            str(part["tries"]),
            str(part["hints"]),
        )
    for kata in report["not_reached"]:
        table.add_row("", Text(kata, "dim"), Text("not reached", "dim"), "", "", "")
    console.print(table)
    if any(part["mistakes"] for part in report["katas"]):
        _heading(console, "Mistakes on the way")
        for part in report["katas"]:
            for why in part["mistakes"]:
                _item(console, f"{_name(part)}: {why}")
    if any(part["questions"] for part in report["katas"]):
        _heading(console, "Follow-up questions")
        for part in report["katas"]:
            for asked in part["questions"]:
                mark = MARKS.get(asked["mark"], "not marked")
                _item(console, f"{mark}: {plain(asked['question'])}")
    _heading(console, "To revise")
    for item in report["revise"]:
        name = item["kata"].partition("/")[2]
        _item(console, f"{item['kata']}, {item['why']}: `dojo {item['do']} {name}`")
    if not report["revise"]:
        _item(console, "nothing: a strong round" if report["katas"] else "nothing was begun")


def _name(part: Mapping[str, Any]) -> str:
    return str(part["kata"]).partition("/")[2]


def _heading(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", "bold"))


def _item(console: Console, text: str) -> None:
    console.print(Padding(Wrapped(text), (0, 0, 0, 2), expand=False))
