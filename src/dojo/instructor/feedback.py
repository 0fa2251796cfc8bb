"""Say what came of a submission to the student who made it: all that teaches, nothing hidden.

A hidden case shows its title, the kind of failure and the diagnosis. Sizes are taken out of
summaries here: a shape or a count is a number that the submission may have chosen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dojo.instructor.grading import Graded, Mark, titles
from dojo.verdict import CaseResult, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

    from dojo.instructor.assignment import Assignment, Part

__all__ = [
    "Fact",
    "breakdown_html",
    "environment",
    "facts",
    "feedback_html",
    "feedback_text",
    "quiet",
]

LINES: Final = 1000
"""A line number up to this is shown: larger ones could carry an input out."""
SHOWN_DETAILS: Final = 12

WORDS: Final = {
    "en": {
        "feedback": "Feedback",
        "of": "of",
        "points": "points",
        "total": "Total",
        "late": "Handed in late: {kept} of the points count.",
        "before": "before the late rule",
        "likely": "This looks like",
        "forms": "passes in {passed} of {total} forms",
        "empty": "What passes needs no right value: it counts once something else is right.",
        "submitted": "Handed in",
        "not_in": "Not handed in.",
        "not_started": "Not started: this is still the stub.",
        "passed": "right",
        "wrong": "wrong",
        "raised": "raised an error",
        "forbidden": "uses what is not allowed",
        "too slow": "too slow",
        "too much memory": "too much memory",
        "no answer": "no answer",
        "not started": "not started",
    },
    "zh": {
        "feedback": "反馈",
        "of": "/",
        "points": "分",
        "total": "总分",
        "late": "迟交：按 {kept} 计分。",
        "before": "迟交扣分前",
        "likely": "看起来像是",
        "forms": "{total} 种情形中通过 {passed} 种",
        "empty": "通过的项目不检查数值：有其他项目正确后才计分。",
        "submitted": "提交时间",
        "not_in": "未提交。",
        "not_started": "尚未开始：仍是原始模板。",
        "passed": "正确",
        "wrong": "错误",
        "raised": "抛出异常",
        "forbidden": "使用了禁用的函数",
        "too slow": "太慢",
        "too much memory": "内存过多",
        "no answer": "没有答案",
        "not started": "尚未开始",
    },
}


@dataclass(frozen=True)
class Fact:
    """What a student learns of one case title."""

    title: str
    verdict: Verdict
    n_passed: int
    n_cases: int
    why: tuple[str, ...] = ()
    summary: str = ""
    details: tuple[str, ...] = ()
    """Of a shown case only: sizes, values, lines of the submission; untrusted text."""


def feedback_html(assignment: Assignment, graded: Graded) -> str:
    """Return a self-contained page for one student."""
    return _render("feedback.html", assignment, graded)


def feedback_text(assignment: Assignment, graded: Graded) -> str:
    """Return the same as plain text."""
    return _render("feedback.txt", assignment, graded).strip() + "\n"


def breakdown_html(part: Part, mark: Mark, language: str = "en") -> str:
    """Return a fragment with one kata's verdicts, to stand inside another page."""
    template = environment().get_template("breakdown.html")
    return template.render(mark=mark, facts=facts(part, mark), words=_words(language))


def facts(part: Part, mark: Mark) -> tuple[Fact, ...]:
    """Return what a student may know of each case title, in the grader's order."""
    return tuple(_fact(part, title, cases) for title, cases in titles(mark.result).items())


def common(known: Sequence[Fact]) -> str:
    """Return the diagnosis that most failures share, to be said once; empty if there is none."""
    whys = Counter(why for fact in known for why in fact.why)
    return next((why for why, count in whys.most_common(1) if count > 1), "")


def quiet(summary: str) -> str:
    """Take sizes, counts and values out of a summary; what kind of failure it is stays."""
    parts = re.split(r"(`[^`]*`)", summary)  # names in backticks are the kata's own
    text = "".join(part if part.startswith("`") else _quiet(part) for part in parts)
    clauses = re.split(r"(?<=[^,;])(?=[,;] )", text)  # those that told a number say little now
    kept = [clause for clause in clauses if "…" not in clause] or clauses[:1]
    return "".join(kept).lstrip(",; ")


def _quiet(text: str) -> str:
    text = re.sub(r"\b\d+ of \d+ values differ", "some values differ", text)
    text = re.sub(r"\b(\w+)=-?\d+\b", r"\1", text)
    text = re.sub(r"got ((?:[^\W\d]\w* )*)\([-\d, ]*\)", r"got \1of another shape", text)
    text = re.sub(r"\bline (\d{1,3})\b(?!\d)", lambda m: f"line {_kept(m[1])}", text)
    text = re.sub(r"(?<![\w\ue000])[√\d][\d.,]*(?:e[-+]?\d+)?(?![\w\ue000])", "…", text)
    return "".join(chr(ord(c) - 0xE000) if 0xE030 <= ord(c) <= 0xE039 else c for c in text)


def _kept(number: str) -> str:
    """Write digits so that the next rule leaves them alone."""
    return "".join(chr(0xE000 + ord(digit)) for digit in number)


def _fact(part: Part, title: str, cases: Sequence[CaseResult]) -> Fact:
    failed = [case for case in cases if case.verdict is not Verdict.PASSED]
    if not failed:
        return Fact(title, Verdict.PASSED, len(cases), len(cases))
    whys = Counter(case.why for case in failed if case.why)
    shown = [case for case in failed if part.shows(case.case, title)]
    first = shown[0] if shown else failed[0]
    details: tuple[str, ...] = ()
    if shown:
        details = (first.case, *first.details[:SHOWN_DETAILS])
    return Fact(
        title=title,
        verdict=first.verdict,
        n_passed=len(cases) - len(failed),
        n_cases=len(cases),
        why=tuple(why for why, _ in whys.most_common(2)),
        summary=first.summary if shown else quiet(first.summary),
        details=details,
    )


def _render(template: str, assignment: Assignment, graded: Graded) -> str:
    marks = [(mark, facts(_part(assignment, mark), mark)) for mark in graded.marks]
    words = _words(assignment.language)
    return (
        environment()
        .get_template(template)
        .render(assignment=assignment, graded=graded, marks=marks, words=words)
    )


def _part(assignment: Assignment, mark: Mark) -> Part:
    from dojo.instructor.assignment import Part

    same = (part for part in assignment.parts if part.kata == mark.kata)
    return next(same, Part(mark.kata, mark.points))  # an older version may have had other katas


def _words(language: str) -> dict[str, str]:
    return WORDS.get(language, WORDS["en"])


@cache
def environment() -> Environment:
    """Return the place of the templates; whatever is HTML is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    found = Environment(
        loader=PackageLoader("dojo.instructor"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["points"] = _points
    found.filters["plain"] = _plain
    found.filters["visible"] = _visible
    found.filters["quiet"] = quiet
    found.filters["common"] = common
    found.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    return found


def _points(number: float) -> str:
    """Write points as people do: at most two decimals, and none that say nothing."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _visible(text: str) -> str:
    """Return an untrusted line of code with its layout, and nothing that could steer a reader."""
    return "".join(c if c.isprintable() else "    " if c == "\t" else "�" for c in text[:500])


def _plain(text: Any) -> str:
    """Return untrusted text as one printable line."""
    kept = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(kept.split())
