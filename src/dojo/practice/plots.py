"""Matplotlib's part of the report: SVG whose colours are those of the page, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, Final, TypeAlias

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

__all__ = ["NARROW", "WIDE", "heat_map", "over_time", "times"]

Values: TypeAlias = NDArray[Any]

WIDE: Final = 9.6
NARROW: Final = 3.7
"""Widths in inches: text keeps its size on a phone if the figure is made for one."""

# Stand-ins, for which the page's own colours are put in afterwards.
INK, MUTED, GRID, PAPER = "#010101", "#020202", "#030303", "#040404"
COOL, WARM, GOOD = "#050505", "#060606", "#070707"
VARIABLES: Final = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    COOL: "var(--cool)",
    WARM: "var(--warm)",
    GOOD: "var(--good)",
}
STRONGEST: Final = 0.78
"""How opaque the largest value is: numbers on it have to be read."""
WITH_NUMBERS: Final = 8
STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dojo",
    "font.size": 10.0,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}


def heat_map(values: Values, largest: float, marked: NDArray[np.bool_] | None, label: str) -> str:
    """Return a matrix as colours: warm above zero, cool below, as strong as they are large."""
    rows, columns = values.shape
    cell = min(0.52, 2.9 / max(columns, 3))
    wide, high = columns * cell, rows * cell
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(wide + 0.5, high + 0.35))
        axes = figure.add_axes((0.4 / (wide + 0.5), 0.05 / (high + 0.35), 0, 0))
        axes.set_position(
            (0.42 / (wide + 0.5), 0.03 / (high + 0.35), wide / (wide + 0.5), high / (high + 0.35))
        )
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        _indices(axes, rows, columns)
        for (row, column), value in np.ndenumerate(values):
            colour, strength = _shade(float(value), largest)
            gap = 0.04
            axes.add_patch(
                Rectangle(
                    (column + gap, row + gap),
                    1 - 2 * gap,
                    1 - 2 * gap,
                    facecolor=colour,
                    alpha=strength,
                    linewidth=0,
                    clip_on=False,
                )
            )
            if marked is not None and marked[row, column]:
                axes.add_patch(
                    Rectangle(
                        (column + gap, row + gap),
                        1 - 2 * gap,
                        1 - 2 * gap,
                        fill=False,
                        edgecolor=INK,
                        linewidth=1.1,
                        clip_on=False,
                    )
                )
            if max(rows, columns) <= WITH_NUMBERS or not np.isfinite(value):
                axes.text(
                    column + 0.5,
                    row + 0.52,
                    _short(float(value)),
                    ha="center",
                    va="center",
                    fontsize=7.5,
                )
        return _svg(figure, label)


def _shade(value: float, largest: float) -> tuple[str, float]:
    if not np.isfinite(value):
        return MUTED, 0.35
    strength = min(abs(value) / largest, 1.0) if largest else 0.0
    return (WARM if value >= 0 else COOL), max(strength * STRONGEST, 0.05)


def _indices(axes: Axes, rows: int, columns: int) -> None:
    axes.xaxis.tick_top()
    for axis, size in ((axes.xaxis, columns), (axes.yaxis, rows)):
        step = max(1, size // 8)
        axis.set_ticks(
            [i + 0.5 for i in range(0, size, step)], [str(i) for i in range(0, size, step)]
        )
        axis.set_tick_params(length=0, labelsize=8, pad=2)


def _short(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    text = (
        f"{value:.0e}"
        if size >= 1000 or size < 0.005
        else f"{value:.2f}" if size < 10 else f"{value:.0f}"
    )
    return text.replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def over_time(
    solved: Sequence[tuple[date, int]], tries: Mapping[date, tuple[int, int]], width: float
) -> str:
    """Return the number of solved katas by day, above how many answers were graded each day.

    `tries` maps a day to how many answers passed and how many did not.
    """
    first = min(tries)
    last = max(tries)
    # Matplotlib counts days as numbers, and its stubs know only those.
    left, right = (float(date2num(day)) for day in (first, last))  # type: ignore[no-untyped-call]
    left = min(left, right - 6)  # A first day is not the whole picture.
    margin = max(0.7, (right - left) * 0.02)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, 3.1), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        days = [left - margin, *(float(date2num(day)) for day, _ in solved), right + margin]  # type: ignore[no-untyped-call]
        counts = [0, *(count for _, count in solved)]
        counts.append(counts[-1])
        top.fill_between(days, counts, step="post", color=GOOD, alpha=0.15, linewidth=0)
        top.step(days, counts, where="post", color=GOOD, linewidth=2.2)
        top.set_ylim(0, max(counts[-1] * 1.15, 1))
        top.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        top.set_ylabel("katas solved")
        bar_days = [float(date2num(day)) for day in tries]  # type: ignore[no-untyped-call]
        passed = [good for good, _ in tries.values()]
        failed = [bad for _, bad in tries.values()]
        bottom.bar(bar_days, passed, width=0.8, color=GOOD)
        bottom.bar(bar_days, failed, width=0.8, bottom=passed, color=WARM, alpha=0.6)
        bottom.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
        bottom.set_ylabel("tries")
        for axes in (top, bottom):
            axes.grid(axis="y", color=GRID, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.tick_params(length=0)
            axes.spines["left"].set_visible(False)
        bottom.set_xlim(left - margin, right + margin)
        most = 4 if width < 5 else 8
        locator: Any = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
        locator.intervald[3] = [1, 2, 3, 7, 14]
        bottom.xaxis.set_major_locator(locator)
        bottom.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        return _svg(figure, "Solved katas and tries by day")


def times(rows: Sequence[tuple[str, float, float]], width: float) -> str:
    """Return bars of minutes spent, each with the minutes that its kata should take."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, 0.55 + 0.3 * len(rows)), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(rows))
        spent = [row[1] for row in rows]
        due = [row[2] for row in rows]
        colours = [GOOD if took <= allowed else WARM for _, took, allowed in rows]
        axes.barh(places, spent, height=0.55, color=colours, alpha=0.8)
        axes.scatter(due, places, marker="|", s=150, color=INK, linewidths=2.0, zorder=3)
        axes.set_yticks(places, [row[0] for row in rows], color=INK)
        axes.tick_params(length=0)
        axes.invert_yaxis()
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, max(*spent, *due, 1) * 1.08)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4 if width < 5 else 8))
        axes.set_xlabel("minutes")
        axes.spines["left"].set_visible(False)
        return _svg(figure, "Minutes for each kata")


def _svg(figure: Figure, label: str) -> str:
    """Return a figure as an element for a page: its colours, its fonts, ids of its own."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    for stand_in, colour in VARIABLES.items():
        text = text.replace(stand_in, colour)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # It would hold for all.
    text = re.sub(r"font-family: [^;\"]*; ?", "", text)
    text = re.sub(r"\n\s*", "\n", text)
    # Ids count within one figure only: nobody points at them but the figure itself.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", text)
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', text)[:2]
    head = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {width} {height}" '
        f'style="max-width:{float(width) * 4 / 3:.0f}px" role="img" aria-label="{escape(label)}">'
    )
    return head + text[text.index(">", text.index("<svg")) + 1 :].strip()
