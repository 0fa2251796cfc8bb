"""What people see: verdicts as text for a terminal of any width, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dojo.suite import Entry, Suite
from dojo.verdict import CaseResult, KataResult, Verdict

__all__ = ["as_json", "case_lines", "next_step", "show_full", "show_overview"]

JSON_VERSION: Final = 1
MARKS: Final = {Verdict.PASSED: ("✓", "green"), Verdict.NOT_STARTED: ("·", "dim")}
FAILED: Final = ("✗", "red")


def _mark(verdict: Verdict) -> Text:
    symbol, style = MARKS.get(verdict, FAILED)
    return Text(symbol, style)


def _code(text: str, style: str = "") -> Text:
    """Return text in which `code` is bold and nothing is markup."""
    out = Text(style=style)
    for index, part in enumerate(re.split(r"`([^`]*)`", text)):
        out.append(part, "bold" if index % 2 else "")
    return out


def show_overview(console: Console, suite: Suite, results: Sequence[KataResult]) -> None:
    """Print a table by topic, what fails, and what to do next."""
    found = {result.kata: result for result in results}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("topic")
    for name, style in (("solved", "green"), ("failing", "red"), ("not started", "dim")):
        table.add_column(name, justify="right", style=style)
    for topic, entries in suite.topics().items():
        mine = [found[entry.id] for entry in entries if entry.id in found]
        if mine:
            table.add_row(topic, *(str(n) if n else "–" for n in _count(mine)))
    if len(suite.topics()) > 1:
        table.add_section()
        table.add_row("all", *map(str, _count(results)))
    console.print(table)
    failing = [r for r in results if r.verdict not in (Verdict.PASSED, Verdict.NOT_STARTED)]
    for result in failing:
        console.print()
        console.print(Text.assemble(_mark(result.verdict), " ", (result.kata, "bold"), _score(result)))
        worst = next((c for c in result.cases if c.verdict is not Verdict.PASSED), None)
        if text := result.summary or (worst and (worst.why or f"{worst.title}: {worst.summary}")):
            console.print(Padding(_code(text), (0, 0, 0, 2)))
    console.print()
    console.print(next_step(suite, results))


def _count(results: Sequence[KataResult]) -> tuple[int, int, int]:
    solved = sum(result.passed for result in results)
    fresh = sum(result.verdict is Verdict.NOT_STARTED for result in results)
    return solved, len(results) - solved - fresh, fresh


def _score(result: KataResult) -> Text:
    if not result.cases or result.summary:
        return Text(f" – {result.verdict}")
    return Text(f" – {result.verdict}, {result.n_passed} of {len(result.cases)} cases pass")


def next_step(suite: Suite, results: Sequence[KataResult]) -> Text:
    """Return the one thing to do now."""
    found = {result.kata: result.verdict for result in results}
    shown = [entry for entry in suite.entries if entry.id in found]
    failing = [
        e for e in shown if found[e.id] not in (Verdict.PASSED, Verdict.NOT_STARTED)
    ]
    fresh = [entry for entry in shown if found[entry.id] is Verdict.NOT_STARTED]
    if failing:
        entry = failing[0]
        return _code(
            f"Next: mend `katas/{entry.id}.py`, then `nox -s grade -- {entry.name}`. "
            f"Stuck? `dojo hint {entry.name}`."
        )
    if fresh:
        entry = fresh[0]
        return _code(
            f"Next: write `katas/{entry.id}.py` ({entry.title}, {entry.meta.minutes} minutes), "
            f"then `nox -s grade -- {entry.name}`."
        )
    return Text("Everything here is solved.", "green")


def show_full(console: Console, entry: Entry, result: KataResult) -> None:
    """Print a kata's cases and everything there is to say about them."""
    console.print(Text.assemble(_mark(result.verdict), " ", (entry.id, "bold"), _score(result)))
    if result.verdict is Verdict.NOT_STARTED:
        console.print(Padding(_code(f"Write it in `katas/{entry.id}.py`."), (0, 0, 0, 2)))
        return
    if result.summary:
        _show_lines(console, [result.summary], result.details, 2)
    else:
        said: set[str] = set()
        for case in result.cases:
            _show_case(console, case, said)
    if result.printed.strip() and not result.passed:
        lines = result.printed.rstrip().splitlines()
        more = [f"… {len(lines) - 12} more lines"] if len(lines) > 12 else []
        _show_lines(console, ["Your code printed:"], [*lines[:12], *more], 2)
    if result.passed:
        console.print(Padding(_code(f"`dojo explain {entry.name}` shows the solution."), (0, 0, 0, 2)))


def _show_case(console: Console, case: CaseResult, said: set[str]) -> None:
    line = Table.grid(expand=False)
    line.add_column(width=4)
    line.add_column()
    line.add_row(Text.assemble("  ", _mark(case.verdict)), Text(case.title))
    console.print(line)
    if case.verdict is Verdict.PASSED:
        return
    console.print(Padding(Text(case.case, "dim"), (0, 0, 0, 4)))
    repeated = case.why and case.why in said
    if case.why and not repeated:
        said.add(case.why)
        console.print(Padding(_code(f"This looks like: {case.why}", "yellow"), (0, 0, 0, 4)))
    if repeated:
        summary = f"{case.verdict}: {case.summary} (the same mistake)"
        _show_lines(console, [summary], (), 4)
    else:
        _show_lines(console, [f"{case.verdict}: {case.summary}"], case.details, 4)


def _show_lines(
    console: Console, first: Sequence[str], rest: Sequence[str], indent: int
) -> None:
    for text in first:
        console.print(Padding(_code(text), (0, 0, 0, indent)))
    for text in rest:
        console.print(Padding(Text(text, "dim"), (0, 0, 0, indent + 2)))


def case_lines(case: CaseResult, result: KataResult) -> list[str]:
    """Return a failed case as plain lines, for pytest."""
    lines = [f"{case.verdict}: {result.summary or case.summary}"]
    if case.why:
        lines.append(f"This looks like: {case.why}")
    lines += [f"  {line}" for line in (result.details or case.details)]
    if result.printed.strip():
        lines += ["Your code printed:", *(f"  {p}" for p in result.printed.splitlines()[:12])]
    return lines


def as_json(results: Sequence[KataResult]) -> dict[str, Any]:
    """Return the object that `grade --json` prints; docs/json.md describes it."""
    solved, failing, fresh = _count(results)
    return {
        "version": JSON_VERSION,
        "solved": solved,
        "failing": failing,
        "not_started": fresh,
        "katas": [_kata_json(result) for result in results],
    }


def _kata_json(result: KataResult) -> dict[str, Any]:
    return {
        "kata": result.kata,
        "verdict": str(result.verdict),
        "passed": result.n_passed,
        "total": len(result.cases),
        "seconds": round(result.seconds, 4),
        "summary": result.summary,
        "details": list(result.details),
        "printed": result.printed,
        "cases": [
            {
                "case": case.case,
                "title": case.title,
                "verdict": str(case.verdict),
                "summary": case.summary,
                "why": case.why,
                "details": list(case.details),
                "seconds": round(case.seconds, 4),
            }
            for case in result.cases
        ],
    }
