"""What people see: verdicts as text for a terminal of any width, and as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Final, cast

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dojo.suite import Entry, Suite
from dojo.translations import Words, words
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.wrapping import Wrapped, fitted

__all__ = [
    "as_json",
    "case_lines",
    "make_console",
    "make_table",
    "show_full",
    "show_hints",
    "show_overview",
    "show_solution",
    "show_statement",
]

JSON_VERSION: Final = 1
MARKS: Final = {Verdict.PASSED: ("✓", "green"), Verdict.NOT_STARTED: ("·", "dim")}
FAILED: Final = ("✗", "red")
FINE: Final = (Verdict.PASSED, Verdict.NOT_STARTED)
PIPED_WIDTH: Final = 100
PRINTED_LINES: Final = 12
PRINTED_WIDTH: Final = 160


class _Tidy:
    """A stream without spaces at the ends of lines, which rich fills up."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(re.sub(r" +(?=\n)", "", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_console(stream: IO[str]) -> Console:
    """Return a console: without colour, and of a fixed width, where nobody watches."""
    console = Console(file=cast(IO[str], _Tidy(stream)), highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


def make_table(*columns: str) -> Table:
    """Return a table without lines whose last column takes the breaks."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    return table


def _mark(verdict: Verdict) -> Text:
    symbol, style = MARKS.get(verdict, FAILED)
    return Text(symbol, style)


def _code(console: Console, text: str, style: str = "") -> Text:
    """Return text in which `code` is bold, or as it stands where nothing can be bold."""
    if console.color_system is None:
        return Text(text, style)
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
        table.add_row("all", *map(str, _count(results)), style="bold")
    console.print(table)
    for result in results:
        if result.verdict not in FINE:
            console.print()
            _headline(console, result)
            worst = next((c for c in result.cases if c.verdict is not Verdict.PASSED), None)
            if text := result.summary or (
                worst and (worst.why or f"{worst.title}: {worst.summary}")
            ):
                _line(console, text, 2)
    console.print()
    console.print(_next_step(suite, found))


def _count(results: Sequence[KataResult]) -> tuple[int, int, int]:
    solved = sum(result.passed for result in results)
    fresh = sum(result.verdict is Verdict.NOT_STARTED for result in results)
    return solved, len(results) - solved - fresh, fresh


def _headline(console: Console, result: KataResult, tell: Words | None = None) -> None:
    phrase = tell.phrase if tell else str.format
    score = phrase(str(result.verdict))
    if result.passed:
        score = phrase("all {n} cases pass", n=len(result.cases))
    elif result.n_passed:
        some = phrase("{n} of {all} cases pass", n=result.n_passed, all=len(result.cases))
        score += f"{phrase(', ')}{some}"
    mark = _mark(result.verdict)
    console.print(Text.assemble(mark, " ", (result.kata, "bold"), f" – {score}"))


def _next_step(suite: Suite, found: Mapping[str, KataResult]) -> Text:
    """Return the one thing to do now: what fails first, or else what is not started."""
    shown = [entry for entry in suite.entries if entry.id in found]
    failing = [entry for entry in shown if found[entry.id].verdict not in FINE]
    fresh = [entry for entry in shown if found[entry.id].verdict is Verdict.NOT_STARTED]
    if not failing and not fresh:
        return Text("Everything is solved." if shown else "There is no kata yet.")
    entry = (failing or fresh)[0]
    steps = [
        ("mend" if failing else "write", f"katas/{entry.id}.py"),
        ("grade", f"nox -s grade -- {entry.name}"),
        ("stuck?", f"dojo hint {entry.name}"),
    ]
    text = Text(f"Next: {entry.title}, {entry.meta.minutes} minutes")
    for word, command in steps if failing else steps[:2]:
        text.append(f"\n  {word:<6}  ").append(command, "bold")
    return text


def show_full(
    console: Console,
    entry: Entry,
    result: KataResult,
    said: Words | None = None,
    *,
    advice: bool = True,
) -> None:
    """Print a kata's cases and everything there is to say about them, and which command helps."""
    tell = said or words(entry)
    _headline(console, result, tell)
    if result.verdict is Verdict.NOT_STARTED:
        _line(console, tell.phrase("Write it in `{path}`.", path=f"katas/{entry.id}.py"), 2)
        _line(console, tell.phrase("`dojo show {name}` shows what is asked.", name=entry.name), 2)
        return
    if result.summary:
        _line(console, result.summary, 2)
        _dim(console, result.details, 4)
    else:
        told: set[tuple[str, ...]] = set()
        for cases in _by_title(result.cases):
            _show_group(console, cases, told, tell)
    if result.passed and not advice:
        return
    if result.passed:
        then = "`dojo explain {name}` shows the solution, and what is asked next."
        _line(console, tell.phrase(then, name=entry.name), 2)
        return
    if result.printed.strip():
        _line(console, tell.phrase("Your code printed:"), 2)
        _dim(console, _printed(result), 4)
    if advice:
        _line(console, tell.phrase("Stuck? `dojo hint {name}`", name=entry.name), 2)


def _by_title(cases: Sequence[CaseResult]) -> list[list[CaseResult]]:
    groups: dict[str, list[CaseResult]] = {}
    for case in cases:
        groups.setdefault(case.title, []).append(case)
    return list(groups.values())


def _show_group(
    console: Console, cases: Sequence[CaseResult], told: set[tuple[str, ...]], tell: Words
) -> None:
    """Print the cases of one title; nothing is said twice in one kata."""
    failed = [case for case in cases if case.verdict is not Verdict.PASSED]
    mark = _mark(failed[0].verdict if failed else Verdict.PASSED)
    passing = tell.phrase(" ({n} of {all} cases pass)", n=len(cases) - len(failed), all=len(cases))
    grid = Table.grid(padding=(0, 1))
    grid.add_row(" ", mark, Text(cases[0].title + (passing if failed and cases[1:] else "")))
    console.print(grid)
    for trouble, alike in _by_trouble(failed).items():
        if trouble in told:
            again = tell.phrase("the same mistake") if alike[0].why else alike[0].summary
            _line(console, again, 4)
            continue
        told.add(trouble)
        _show_case(console, alike[0], tell)
        for case in alike[1:]:
            _dim(console, _sizes(case, "also with "), 6)


def _by_trouble(cases: Sequence[CaseResult]) -> dict[tuple[str, ...], list[CaseResult]]:
    groups: dict[tuple[str, ...], list[CaseResult]] = {}
    for case in cases:
        groups.setdefault(_trouble(case), []).append(case)
    return groups


def _trouble(case: CaseResult) -> tuple[str, ...]:
    """Return what two cases share that fail for one reason."""
    return ("why", case.why) if case.why else (case.verdict, case.summary)


def _show_case(console: Console, case: CaseResult, tell: Words) -> None:
    if case.why:
        _line(console, tell.phrase("This looks like: {why}", why=tell.why(case.why)), 4, "yellow")
    _line(console, case.summary, 4)
    _dim(console, _sizes(case, "with "), 6)
    _dim(console, case.details[:1] if case.why else case.details, 6)


def _sizes(case: CaseResult, word: str) -> list[str]:
    sizes = case.case.partition("[")[2].removesuffix("]").replace(",", ", ")
    return [word + sizes] if sizes else []


def _printed(result: KataResult) -> list[str]:
    """Return the first lines of what the code printed, none longer than a few lines' worth."""
    lines = result.printed.rstrip().splitlines()
    cut = [f"{line[: PRINTED_WIDTH - 1]}…" if line[PRINTED_WIDTH:] else line for line in lines]
    if not lines[PRINTED_LINES:]:
        return cut
    rest = (
        lines[-1] if lines[-1].startswith("… (") else f"… {len(lines) - PRINTED_LINES} more lines"
    )
    return [*cut[:PRINTED_LINES], rest]


def _line(console: Console, text: str, indent: int, style: str = "") -> None:
    text = fitted(text, console.width - indent)
    console.print(Padding(_code(console, text, style), (0, 0, 0, indent), expand=False))


def _dim(console: Console, lines: Iterable[str], indent: int) -> None:
    for line in lines:
        console.print(Padding(Text(line, "dim"), (0, 0, 0, indent), expand=False))


def case_lines(case: CaseResult, result: KataResult) -> list[str]:
    """Return a failed case as plain lines, for pytest."""
    lines = [result.summary or case.summary]
    if case.why:
        lines.insert(0, f"This looks like: {case.why}")
    details = result.details or (case.details[:1] if case.why else case.details)
    lines += [f"  {line}" for line in details]
    if result.printed.strip():
        lines += ["Your code printed:", *(f"  {line}" for line in _printed(result))]
    return lines


def show_statement(
    console: Console, entry: Entry, said: Words | None = None, path: str = ""
) -> None:
    """Print what a kata asks for, in English with the question in Chinese too unless told.

    It is to be written in the kata's own file, or in the one at `path`.
    """
    meta = entry.meta
    said = said or words(entry)
    level = said.phrase("{level}, {n} minutes", level=said.phrase(meta.level), n=meta.minutes)
    console.print(Text.assemble((entry.id, "bold"), f" – {level}"))
    console.print(Wrapped(said.asked))
    if said.language == "en":
        console.print(Wrapped(meta.asked_zh))
    console.print()
    statement = _reflowed(said.statement, console.width)
    console.print(Text(fitted(statement, console.width)), end="\n\n")
    if meta.needs:
        console.print(Wrapped(said.phrase("First: {names}", names=", ".join(meta.needs))))
    if meta.forbids:
        names = ", ".join(meta.forbids)
        console.print(Wrapped(said.phrase("Not allowed: {names}", names=names)))
    if meta.only:
        names = ", ".join(meta.only)
        console.print(Wrapped(said.phrase("Allowed of NumPy and PyTorch: {names}", names=names)))
    where = said.phrase("Write it in `{path}`", path=path or f"katas/{entry.id}.py")
    console.print(_code(console, where))


def _reflowed(statement: str, width: int) -> str:
    """Join the lines of paragraphs that are too wide; equations, lists and examples stay."""
    return "\n\n".join(
        " ".join(block.splitlines()) if _is_prose(block) and _is_wide(block, width) else block
        for block in statement.split("\n\n")
    )


def _is_prose(block: str) -> bool:
    return not re.search(r"^(\s|>>> |[-*] |\d+\. |\|)", block, re.MULTILINE)


def _is_wide(block: str, width: int) -> bool:
    return any(cell_len(line) > width for line in block.splitlines())


def show_hints(console: Console, entry: Entry, seen: int, said: Words | None = None) -> None:
    """Print the hints that were seen, and one more."""
    said = said or words(entry)
    for index, text in enumerate(said.hints[: seen + 1]):
        grid = Table.grid(padding=(0, 1))
        grid.add_row(f"{index + 1}.", Wrapped(text), style="" if index == seen else "dim")
        console.print(grid)
    left = len(said.hints) - seen - 1
    if left > 0:
        then = said.phrase("{n} more: run this again.", n=left)
    else:
        then = said.phrase(
            "That was the last. `dojo explain {name} --now` shows the solution.", name=entry.name
        )
    console.print(_code(console, then, "dim"))


def show_solution(console: Console, entry: Entry, said: Words | None = None) -> None:
    """Print the solution with its mistakes, and what is asked next, with answers."""
    from rich.syntax import Syntax

    source = entry.solution.read_text(encoding="utf-8")
    if console.is_terminal:
        console.print(Syntax(source, "python", word_wrap=True, background_color="default"))
    else:
        console.print(Text(source), end="", soft_wrap=True)
    said = said or words(entry)
    if said.mistakes:
        from dojo.mistakes import find_mistakes

        console.print(Text(f"\n{said.phrase('Mistakes, by line')}", "bold"))
        for mistake in find_mistakes(source):
            grid = Table.grid(padding=(0, 1))
            grid.add_row(f"{mistake.line:>5}", Wrapped(said.why(mistake.why)))
            console.print(grid)
    for question, answer in said.follow_ups:
        console.print()
        console.print(Wrapped(question, "bold"))
        _line(console, answer, 2)
    source_line = said.phrase("Source: {source}", source=entry.meta.source)
    console.print()
    console.print(Wrapped(source_line, "dim"))


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
    cases = () if result.verdict is Verdict.NOT_STARTED else result.cases
    return {
        "kata": result.kata,
        "verdict": str(result.verdict),
        "passed": result.n_passed if cases else 0,
        "total": len(cases),
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
            for case in cases
        ],
    }
