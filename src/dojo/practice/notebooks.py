"""Notebooks for those who prefer them: statement, stub, examples, and a cell that grades."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dojo.instructor.notebook import stub_cell
from dojo.instructor.statement import examples, markdown
from dojo.notebook import MARK
from dojo.suite import Entry
from dojo.translations import Words
from dojo.trouble import Trouble
from dojo.workspace import write_file

__all__ = ["NotebookError", "Written", "build", "write"]

Cell = dict[str, Any]

KERNEL: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
HOW: Final = {
    "en": (
        "Write your answer in the cell below, run it, then run the last cell. "
        "The line that begins with `{mark}` says which cell is the answer: keep it, and keep "
        "helper functions and imports in the same cell. `dojo hint {name}` helps a step further. "
        "The kernel must be the one of the clone's `.venv`."
    ),
    "zh": (
        "在下面的单元格里作答并运行它，然后运行最后一个单元格。"
        "以 `{mark}` 开头的那一行标明哪个单元格是答案："
        "请保留它，并把用到的辅助函数和 import 写在同一个单元格里。"
        "`dojo hint {name}` 会给出下一条提示。"
        "请选择本仓库 `.venv` 里的内核。"
    ),
}


class NotebookError(Trouble):
    """A notebook that cannot be written; the message says what to do."""


@dataclass(frozen=True)
class Written:
    """A notebook on the disk, and where the one before it is kept."""

    path: Path
    backup: Path | None = None


def build(entry: Entry, said: Words) -> dict[str, Any]:
    """Return a kata as a notebook of format 4.5."""
    cells = [
        _cell("statement", "markdown", _statement(entry, said)),
        _cell("answer", "code", f"{MARK} {entry.id}\n\n{stub_cell(entry)}"),
        *_examples(entry),
        _cell("grade", "code", f'from dojo.notebook import grade\n\ngrade("{entry.id}")'),
    ]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "cells": cells,
    }


def write(
    entries: Sequence[tuple[Entry, Words]], folder: Path, *, force: bool = False
) -> list[Written]:
    """Write a notebook for each kata; overwrite nothing unless forced, and then keep a backup."""
    paths = [folder / f"{entry.id}.ipynb" for entry, _ in entries]
    taken = [path for path in paths if path.exists()]
    if taken and not force:
        more = f" and {len(taken) - 1} more" if taken[1:] else ""
        raise NotebookError(
            f"{taken[0]} exists{more}, so nothing was written: --force overwrites and keeps a "
            "backup, --out DIR writes to another folder"
        )
    done = []
    for (entry, said), path in zip(entries, paths, strict=True):
        text = json.dumps(build(entry, said), indent=1, ensure_ascii=False) + "\n"
        backup = _back_up(path) if path.exists() else None
        write_file(path, text.encode())
        done.append(Written(path, backup))
    return done


def _statement(entry: Entry, said: Words) -> str:
    meta = entry.meta
    level = said.phrase("{level}, {n} minutes", level=said.phrase(meta.level), n=meta.minutes)
    blocks = [f"# {said.title}", f"{said.asked} *{level}*", markdown(said.statement)]
    if meta.needs:
        names = ", ".join(f"`{name}`" for name in meta.needs)
        blocks.append(said.phrase("First: {names}", names=names))
    if meta.forbids:
        names = ", ".join(f"`{name}`" for name in meta.forbids)
        blocks.append(said.phrase("Not allowed: {names}", names=names))
    if meta.only:
        names = ", ".join(f"`{name}`" for name in meta.only)
        blocks.append(said.phrase("Allowed of NumPy and PyTorch: {names}", names=names))
    blocks.append(f"> {HOW[said.language].format(mark=MARK, name=entry.name)}")
    return "\n\n".join(blocks)


def _examples(entry: Entry) -> list[Cell]:
    """Return a cell that runs the statement's examples; no output means that they hold."""
    shown = examples(entry.statement)
    if not shown:
        return []
    quotes = '"""' if "'''" in shown else "'''"
    source = (
        "# The statement's examples: no output means that they hold.\nimport doctest\n\n"
        f"doctest.run_docstring_examples(\n    r{quotes}\n{shown}{quotes},\n"
        f'    dict(globals()),\n    name="{entry.name}",\n)'
    )
    return [_cell("examples", "code", source)]


def _cell(id: str, kind: str, source: str) -> Cell:
    cell: Cell = {"cell_type": kind, "id": id, "metadata": {}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _back_up(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while True:
        ending = f"-{number}" if number else ""
        backup = path.with_name(f"{path.stem}.backup-{stamp}{ending}.ipynb")
        try:
            with open(backup, "xb") as file:
                file.write(path.read_bytes())
            return backup
        except FileExistsError:
            number += 1
