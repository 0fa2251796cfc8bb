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
            _line(console, text, 2)
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
        _line(console, f"Write it in `katas/{entry.id}.py`.", 2)
        return
    if result.summary:
        _line(console, result.summary, 2)
        _dim(console, result.details, 4)
    else:
        said: set[str] = set()
        for cases in _by_title(result.cases):
            _show_group(console, cases, said)
    if result.printed.strip() and not result.passed:
        lines = result.printed.rstrip().splitlines()
        more = [f"… {len(lines) - 12} more lines"] if len(lines) > 12 else []
        _line(console, "Your code printed:", 2)
        _dim(console, [*lines[:12], *more], 4)
    if result.passed:
        _line(console, f"`dojo explain {entry.name}` shows the solution, and what is asked next.", 2)


def _by_title(cases: Sequence[CaseResult]) -> list[list[CaseResult]]:
    groups: dict[str, list[CaseResult]] = {}
    for case in cases:
        groups.setdefault(case.title, []).append(case)
    return list(groups.values())


def _show_group(console: Console, cases: Sequence[CaseResult], said: set[str]) -> None:
    """Print the cases of one title: the first that fails in full, the others in a line each."""
    failed = [case for case in cases if case.verdict is not Verdict.PASSED]
    mark = _mark(failed[0].verdict if failed else Verdict.PASSED)
    some = f" ({len(cases) - len(failed)} of {len(cases)} cases)" if failed and cases[1:] else ""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(" ", mark, Text(cases[0].title + some))
    console.print(grid)
    for index, case in enumerate(failed):
        if case.why and case.why not in said:
            said.add(case.why)
            _line(console, f"This looks like: {case.why}", 4, "yellow")
        _line(console, f"{case.verdict}: {case.summary}", 4)
        if sizes := case.case.partition("[")[2].removesuffix("]").replace(",", ", "):
            _dim(console, [f"with {sizes}"], 6)
        if not index:  # a known mistake needs no further evidence than one line
            _dim(console, case.details[:1] if case.why else case.details, 6)


def _line(console: Console, text: str, indent: int, style: str = "") -> None:
    console.print(Padding(_code(text, style), (0, 0, 0, indent), expand=False))


def _dim(console: Console, lines: Sequence[str], indent: int) -> None:
    for line in lines:
        console.print(Padding(Text(line, "dim"), (0, 0, 0, indent), expand=False))


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
