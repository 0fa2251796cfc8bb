"""One page to open the lecture with: what went well, what went wrong and why, in one file.

It names nobody on the screen. What a person should look at stands folded away at the end.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.feedback import environment
from dojo.instructor.grading import FAILED, Graded, Mark, titles
from dojo.verdict import Verdict

__all__ = ["Belief", "KataFigures", "TitleFigures", "class_report", "figures", "mistakes"]

MOST: Final = 10
"""Mistakes that are listed."""
HARDEST: Final = 4
"""Facts of a kata that are listed: those that fewest answers keep."""
COLOURS: Final = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--right)",
    "#050505": "var(--part)",
    "#060606": "var(--wrong)",
    "#070707": "var(--none)",
    "#080808": "var(--bar)",
}
"""What the pictures are drawn in, and what the page makes of it: light or dark."""
INK, SOFT, LINE, RIGHT, PART, WRONG, NONE, BAR = COLOURS


@dataclass(frozen=True)
class TitleFigures:
    """How many of the answers that were handed in keep one fact."""

    title: str
    passed: int
    total: int


@dataclass(frozen=True)
class KataFigures:
    """What came of one kata; the four counts add up to the class."""

    kata: str
    name: str
    right: int
    part: int
    """Some points, not all."""
    wrong: int
    """Handed in, no points."""
    none: int
    """Not handed in, or not begun."""
    mean: float
    """The average share of the points."""
    hardest: tuple[TitleFigures, ...]


@dataclass(frozen=True)
class Belief:
    """One mistake and how many students made it."""

    kata: str
    why: str
    count: int


def figures(assignment: Assignment, graded: Sequence[Graded]) -> tuple[KataFigures, ...]:
    """Return the figures of every kata, in the assignment's order."""
    return tuple(
        _of_kata(
            part.kata, [mark for one in graded for mark in one.marks if mark.kata == part.kata]
        )
        for part in assignment.parts
    )


def mistakes(graded: Sequence[Graded]) -> tuple[Belief, ...]:
    """Return the mistakes that were made, the commonest first; each counts once per student."""
    counts = Counter(
        (mark.kata, why)
        for one in graded
        for mark in one.marks
        for why in {case.why for case in mark.result.cases if case.why}
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Belief(kata, why, count) for (kata, why), count in ordered)


def class_report(assignment: Assignment, graded: Sequence[Graded]) -> str:
    """Return the page."""
    known = figures(assignment, graded)
    beliefs = mistakes(graded)
    totals = [one.total for one in graded]
    return (
        environment()
        .get_template("class_report.html")
        .render(
            assignment=assignment,
            n=len(graded),
            mean=sum(totals) / len(totals),
            median=sorted(totals)[len(totals) // 2],
            full=sum(one.total == one.points for one in graded),
            late=sum(one.late for one in graded),
            katas=known,
            mistakes=beliefs[:MOST],
            n_mistakes=len(beliefs),
            bars=_bars(known),
            spread=_spread(totals, assignment.points),
            times=_times(assignment, graded),
            doubts=[
                (one.student, kata, doubt)
                for one in graded
                for kata, doubt in one.doubts
                if not doubt.startswith(FAILED)
            ],
            failed=[one.student for one in graded if one.failed],
            empty=[one.student for one in graded if _is_empty(one)],
        )
    )


def _of_kata(kata: str, marks: Sequence[Mark]) -> KataFigures:
    begun = [mark for mark in marks if mark.result.verdict is not Verdict.NOT_STARTED]
    right = sum(mark.result.passed for mark in begun)
    part = sum(0 < mark.earned and not mark.result.passed for mark in begun)
    return KataFigures(
        kata=kata,
        name=kata.rpartition("/")[2],
        right=right,
        part=part,
        wrong=len(begun) - right - part,
        none=len(marks) - len(begun),
        mean=sum(m.earned / m.points if m.points else 0.0 for m in marks) / max(1, len(marks)),
        hardest=_hardest(begun),
    )


def _hardest(begun: Sequence[Mark]) -> tuple[TitleFigures, ...]:
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for mark in begun:
        for title, cases in titles(mark.result).items():
            total[title] += 1
            passed[title] += all(case.verdict is Verdict.PASSED for case in cases)
    found = [TitleFigures(title, passed[title], total[title]) for title in total]
    failed = [one for one in found if one.passed < one.total]
    return tuple(sorted(failed, key=lambda one: one.passed / one.total)[:HARDEST])


def _is_empty(one: Graded) -> bool:
    return all(mark.result.verdict is Verdict.NOT_STARTED for mark in one.marks)


# --- pictures -------------------------------------------------------------------------------------


def _figure(height: float) -> tuple[Any, Any]:
    """Return an empty picture, narrow enough for a phone."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "dojo",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": LINE,
        "axes.labelcolor": SOFT,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(4.4, height), layout="constrained")
        axes = figure.add_subplot()
    return figure, axes


def _svg(figure: Any, label: str) -> str:
    """Return a picture as part of a page: in the page's colours, as wide as there is room."""
    import matplotlib as mpl
    from markupsafe import escape

    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dojo"}):
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s(width|height)=\"[\d.]+pt\"", "", text, count=2)
    text = text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", text)
    for drawn, shown in COLOURS.items():
        text = text.replace(drawn, shown)
    return text


def _bars(known: Sequence[KataFigures]) -> str:
    """Draw the share of right, partly right, wrong and missing answers of every kata."""
    figure, axes = _figure(0.75 + 0.42 * len(known))
    names = [kata.name for kata in known]
    left = [0.0] * len(known)
    shares = (
        ("right", RIGHT, [kata.right for kata in known]),
        ("in part", PART, [kata.part for kata in known]),
        ("wrong", WRONG, [kata.wrong for kata in known]),
        ("not begun", NONE, [kata.none for kata in known]),
    )
    whole = [max(1, k.right + k.part + k.wrong + k.none) for k in known]
    for label, colour, counts in shares:
        widths = [100 * count / all_ for count, all_ in zip(counts, whole, strict=True)]
        axes.barh(names, widths, left=left, color=colour, label=label, height=0.62)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(
        loc="outside upper center",
        ncols=4,
        frameon=False,
        handlelength=1,
        columnspacing=1.2,
        labelcolor=INK,
    )
    return _svg(figure, "Share of right, partly right, wrong and missing answers by kata")


def _spread(totals: Sequence[float], points: float) -> str:
    """Draw how many students have how many points."""
    figure, axes = _figure(2.4)
    axes.hist(totals, bins=_bins(points), color=BAR, rwidth=0.9)
    axes.set_xlim(0, points)
    axes.set_xlabel("points")
    _count_axis(axes)
    return _svg(figure, "How many students have how many points")


def _bins(points: float) -> list[float]:
    n = min(20, max(5, round(points)))
    return [points * index / n for index in range(n + 1)]


def _times(assignment: Assignment, graded: Sequence[Graded]) -> str:
    """Draw when work was handed in, in days before and after it was due; empty if not known."""
    due = assignment.due
    if due is None:
        return ""
    days = [
        (one.submitted - due) / timedelta(days=1) for one in graded if one.submitted is not None
    ]
    if len(days) < 3:
        return ""
    first, last = max(-14.0, min(days)), min(7.0, max(days))
    edges = sorted({first, last, 0.0} | {first + (last - first) * i / 24 for i in range(25)})
    figure, axes = _figure(2.2)
    inside = [min(max(day, first), last) for day in days]
    axes.hist([day for day in inside if day <= 0], bins=edges, color=BAR)
    axes.hist([day for day in inside if day > 0], bins=edges, color=WRONG)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlabel("days after it was due" if first > -1 else "days, with the due date at 0")
    _count_axis(axes)
    return _svg(figure, "When work was handed in, in days before and after the due date")


def _count_axis(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.set_ylabel("students")
    axes.tick_params(length=0)
