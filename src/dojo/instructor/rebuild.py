"""Rebuild a submitted notebook from the cells that were released.

Nothing in the result comes from the student but text: what they wrote in the cells that are theirs,
and the cells that they added, which nothing will interpret. Their metadata, tags, outputs,
attachments and HTML are gone, so that none of it can act on a grader, a kernel or a reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dojo.instructor.notebook import cells_of, grade_id_of, read, text_of

__all__ = ["MISSING", "Released", "rebuild", "released_cells"]

MISSING: Final = "# This cell was missing from the submission."


def rebuild(notebook: object, released: Mapping[str, Released]) -> dict[str, Any]:
    """Return a notebook with every released cell once, in the student's order.

    Where several claim to be one cell, the last counts, as it does for nbgrader.
    """
    submitted = list(cells_of(notebook))
    names = [grade_id_of(cell) for cell in submitted]
    last = {name: index for index, name in enumerate(names) if name in released}
    cells = [
        released[name].cell(text_of(cell)) if last.get(name) == index else _own(cell)
        for index, (name, cell) in enumerate(zip(names, submitted, strict=True))
    ]
    for name in released:
        if name not in last:
            cells.insert(_place(name, list(released), cells), released[name].cell(MISSING))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    version = read(notebook, ()).version
    counts = Counter(name for name in names if name in released)
    stamp = {
        **({"version": version} if version else {}),
        "copies": {name: count for name, count in counts.items() if count > 1},
        "missing": [name for name in released if name not in last],
    }
    metadata = {"language_info": {"name": "python"}, "dojo": stamp}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


@dataclass(frozen=True)
class Released:
    """A cell as the gradebook remembers it."""

    name: str
    cell_type: str
    source: str
    locked: bool
    checksum: str
    grade: bool
    solution: bool
    task: bool
    points: float | None

    def cell(self, text: str) -> dict[str, Any]:
        """Return the cell with a student's text where it is theirs to write."""
        meta: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": self.name,
            "grade": self.grade,
            "solution": self.solution,
            "locked": self.locked,
            "task": self.task,
            "cell_type": self.cell_type,
        }
        if self.checksum:
            meta["checksum"] = self.checksum
        if self.points is not None and (self.grade or self.task):
            meta["points"] = self.points
        source = self.source if self.locked else text
        if self.cell_type == "markdown" and not self.locked:
            source = _harmless(source)
        return _cell(self.cell_type, source, {"nbgrader": meta})


def released_cells(notebook: Any) -> dict[str, Released]:
    """Return the cells of a notebook of nbgrader's gradebook, by name and in order."""
    points = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
    grade = {cell.name for cell in notebook.grade_cells}
    solution = {cell.name for cell in notebook.solution_cells}
    task = {cell.name for cell in notebook.task_cells}
    return {
        cell.name: Released(
            cell.name,
            cell.cell_type,
            cell.source or "",
            bool(cell.locked),
            cell.checksum or "",
            cell.name in grade,
            cell.name in solution,
            cell.name in task,
            points.get(cell.name),
        )
        for cell in notebook.source_cells
    }


def _cell(cell_type: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": cell_type, "metadata": metadata, "source": source}
    return {**cell, "outputs": [], "execution_count": None} if cell_type == "code" else cell


def _own(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell that the student has added, as text that nothing interprets."""
    text = text_of(cell)
    if cell.get("cell_type") == "code":
        return _cell("code", text, {})
    return _cell("markdown", _fenced(text), {})


def _harmless(text: str) -> str:
    """Return Markdown that may be read in an instructor's session: no HTML, no links that act."""
    if re.search(r"<\s*[a-zA-Z/!?]|&|(?:java|vb)script|data:", text, re.IGNORECASE):
        return _fenced(text)
    return text


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _place(name: str, names: Sequence[str], cells: Sequence[Mapping[str, Any]]) -> int:
    """Return where a missing cell goes: behind the nearest one that was released before it."""
    before = set(names[: names.index(name)])
    found = [i for i, cell in enumerate(cells) if grade_id_of(cell) in before]
    return found[-1] + 1 if found else 0
