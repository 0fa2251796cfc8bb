"""The map of topics: which build on which, and how far each is, as one SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from dojo.suite import Entry

__all__ = ["State", "topic_map"]

State = Literal["solved", "due", "tried", "new"]

BOX: Final = 146.0
GAP: Final = 26.0
ROW_GAP: Final = 44.0
DOT: Final = 13.0
PER_ROW: Final = 10
"""Dots in one row of a box."""
EDGE: Final = 14.0


@dataclass(frozen=True)
class _Box:
    name: str
    entries: tuple[Entry, ...]
    x: float
    y: float

    @property
    def height(self) -> float:
        return 40.0 + DOT * ((len(self.entries) - 1) // PER_ROW + 1)


def topic_map(
    topics: Mapping[str, Sequence[Entry]], states: Mapping[str, State], columns: int
) -> str:
    """Return the graph of topics, at most so many side by side; a dot is a kata."""
    edges = _edges(topics)
    boxes = _placed(topics, edges, columns)
    width = 2 * EDGE + columns * BOX + (columns - 1) * GAP
    height = max((box.y + box.height for box in boxes.values()), default=0) + EDGE
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px" role="img" '
        'aria-label="Topics, and which build on which">'
    ]
    parts += [_edge(boxes[one], boxes[other], states) for one, other in edges]
    parts += [_drawn(box, states) for box in boxes.values()]
    return "".join([*parts, "</svg>"])


def _edges(topics: Mapping[str, Sequence[Entry]]) -> list[tuple[str, str]]:
    """Return pairs of topics: a kata of the second needs one of the first, which is taught first.

    Where two paths lead to a topic, the direct one says nothing more and is left out.
    """
    order = {name: index for index, name in enumerate(topics)}
    found: dict[str, set[str]] = {name: set() for name in topics}
    for name, entries in topics.items():
        for entry in entries:
            for need in entry.meta.needs:
                other = need.partition("/")[0]
                if order.get(other, len(order)) < order[name]:
                    found[name].add(other)
    reached: dict[str, set[str]] = {}
    for name in topics:  # What comes first in teaching order has been done already.
        reached[name] = set().union(*(reached[other] | {other} for other in found[name]))
    return [
        (other, name)
        for name in topics
        for other in sorted(found[name], key=order.__getitem__)
        if not any(other in reached[third] for third in found[name])
    ]


def _placed(
    topics: Mapping[str, Sequence[Entry]], edges: Sequence[tuple[str, str]], columns: int
) -> dict[str, _Box]:
    """Lay topics out in rows: below everything that they build on, near the middle of it."""
    level: dict[str, int] = {}
    for name in topics:
        level[name] = max((level[one] + 1 for one, other in edges if other == name), default=0)
    joined = {name for edge in edges for name in edge}
    if joined:  # Topics that stand alone come last, where no line has to pass them.
        last = max(level.values()) + 1
        level |= {name: last for name in topics if name not in joined}
    boxes: dict[str, _Box] = {}
    y = EDGE
    for depth in range(max(level.values(), default=-1) + 1):
        layer = [name for name in topics if level[name] == depth]
        above = {
            name: [boxes[one].x for one, other in edges if other == name and one in boxes]
            for name in layer
        }
        middle = (columns - 1) * (BOX + GAP) / 2 + EDGE
        layer.sort(key=lambda name: sum(above[name]) / len(above[name]) if above[name] else middle)
        n_rows = -(-len(layer) // columns)
        size = -(-len(layer) // n_rows)
        for start in range(0, len(layer), size):
            row = layer[start : start + size]
            left = EDGE + (columns - len(row)) * (BOX + GAP) / 2
            for place, name in enumerate(row):
                boxes[name] = _Box(name, tuple(topics[name]), left + place * (BOX + GAP), y)
            y += max(boxes[name].height for name in row)
            y += ROW_GAP if joined & {*row} else ROW_GAP / 2
    return {name: boxes[name] for name in topics}


def _edge(one: _Box, other: _Box, states: Mapping[str, State]) -> str:
    done = all(states[entry.id] in ("solved", "due") for entry in one.entries)
    x1, y1 = one.x + BOX / 2, one.y + one.height
    x2, y2 = other.x + BOX / 2, other.y
    bend = max((y2 - y1) / 2, 18)
    path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
    return f'<path class="edge{" done" if done else ""}" d="{path}"/>'


def _drawn(box: _Box, states: Mapping[str, State]) -> str:
    solved = sum(states[entry.id] in ("solved", "due") for entry in box.entries)
    kind = "full" if solved == len(box.entries) else "begun" if solved else "fresh"
    out = [
        f'<g class="topic {kind}"><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{BOX:.0f}" '
        f'height="{box.height:.0f}" rx="9"/>',
        f'<text x="{box.x + 10:.1f}" y="{box.y + 19:.1f}">'
        f"{escape(box.name.replace('_', ' '))}</text>",
        f'<text class="count" x="{box.x + BOX - 10:.1f}" y="{box.y + 19:.1f}">'
        f"{solved}/{len(box.entries)}</text>",
    ]
    for index, entry in enumerate(box.entries):
        x = box.x + 15.5 + DOT * (index % PER_ROW)
        y = box.y + 34 + DOT * (index // PER_ROW)
        state = states[entry.id]
        out.append(
            f'<circle class="{state}" cx="{x:.1f}" cy="{y:.1f}" r="4.5">'
            f"<title>{escape(entry.name)}: {state}</title></circle>"
        )
    return "".join([*out, "</g>"])
