"""A verdict as HTML. All text is escaped: some of it is the learner's."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from dojo.suite import Entry
from dojo.translations import Words
from dojo.verdict import CaseResult, KataResult, Verdict

__all__ = ["code", "verdict_html"]

RED: Final = "#d1443c"
GREEN: Final = "#2b9a60"
GREY: Final = "#8a8f98"
AMBER: Final = "#b7791f"
PRE: Final = (
    "margin:.25em 0;padding:0;background:none;color:inherit;opacity:.75;white-space:pre-wrap"
)


def verdict_html(entry: Entry, result: KataResult, said: Words, note: str = "") -> str:
    """Return a verdict that stands on its own in a notebook, light or dark."""
    colour = _colour(result.verdict)
    head = (
        f'<div style="font-size:1.1em"><b style="color:{colour}">{_mark(result.verdict)} '
        f"{escape(entry.id)}</b> – {escape(_score(result, said))}</div>"
    )
    body = "".join(_body(entry, result, said))
    if note:
        body += f'<div style="color:{AMBER}">{escape(note)}</div>'
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em 0 .4em 1em;line-height:1.45">'
        f"{head}{body}</div>"
    )


def code(text: str) -> str:
    """Escape a sentence and set what stands in backticks as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # one backtick is alone
        return escape(text)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _body(entry: Entry, result: KataResult, said: Words) -> Iterator[str]:
    if result.verdict is Verdict.NOT_STARTED:
        yield _line(said.phrase("`dojo show {name}` shows what is asked.", name=entry.name))
        return
    if result.summary:
        yield _line(result.summary)
        yield _details(result.details)
    else:
        told: set[str] = set()
        for case in result.cases:
            yield from _case(case, said, told)
    if result.printed.strip():
        yield _line(said.phrase("Your code printed:"))
        yield _details(result.printed.rstrip().splitlines()[:12])
    if result.passed:
        then = "`dojo explain {name}` shows the solution, and what is asked next."
    else:
        then = "Stuck? `dojo hint {name}`"
    yield _line(said.phrase(then, name=entry.name))


def _case(case: CaseResult, said: Words, told: set[str]) -> Iterator[str]:
    sizes = case.case.partition("[")[2].removesuffix("]").replace(",", ", ")
    shown = f' <span style="color:{GREY}">{escape(sizes)}</span>' if sizes else ""
    mark = f'<span style="color:{_colour(case.verdict)}">{_mark(case.verdict)}</span>'
    yield f"<div>{mark} {escape(case.title)}{shown}</div>"
    if case.verdict is Verdict.PASSED:
        return
    trouble = case.why or case.summary
    if trouble in told:
        again = said.phrase("the same mistake") if case.why else case.summary
        yield f'<div style="margin-left:1.4em">{code(again)}</div>'
        return
    told.add(trouble)
    lines = []
    if case.why:
        why = code(said.phrase("This looks like: {why}", why=said.why(case.why)))
        lines.append(f'<div style="color:{AMBER}">{why}</div>')
    lines += [f"<div>{code(case.summary)}</div>", _details(case.details)]
    yield f'<div style="margin-left:1.4em">{"".join(lines)}</div>'


def _line(text: str) -> str:
    return f"<div>{code(text)}</div>"


def _details(lines: tuple[str, ...] | list[str]) -> str:
    return f'<pre style="{PRE}">{escape(chr(10).join(lines))}</pre>' if lines else ""


def _score(result: KataResult, said: Words) -> str:
    if result.passed:
        return said.phrase("all {n} cases pass", n=len(result.cases))
    score = said.phrase(str(result.verdict))
    if result.n_passed:
        some = said.phrase("{n} of {all} cases pass", n=result.n_passed, all=len(result.cases))
        score += f"{said.phrase(', ')}{some}"
    return score


def _mark(verdict: Verdict) -> str:
    return {Verdict.PASSED: "✓", Verdict.NOT_STARTED: "·"}.get(verdict, "✗")


def _colour(verdict: Verdict) -> str:
    return {Verdict.PASSED: GREEN, Verdict.NOT_STARTED: GREY}.get(verdict, RED)
