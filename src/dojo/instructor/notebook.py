"""The notebook of an assignment: how it is built, and how answers are read back out of one.

Reading believes nothing: whatever a submitted notebook holds, answers come out as text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from dojo.instructor.assignment import Assignment, Part
from dojo.instructor.handout import late_words, portable
from dojo.instructor.statement import examples, markdown
from dojo.stubs import derive
from dojo.suite import Entry
from dojo.translations import words

__all__ = [
    "Answers",
    "answer_id",
    "build",
    "cells_of",
    "grade_id_of",
    "points_id",
    "read",
    "stub_cell",
    "text_of",
]

SCHEMA: Final = 3
"""The version of nbgrader's metadata that is written here."""
KERNEL: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
VERSION: Final = r"[0-9a-f]{10}"
MAGIC: Final = re.compile(r"\s*(?:%%?\w|!\S|\?)|.*\S\?\??\s*$")

Cell = dict[str, Any]

TEXTS: Final = {
    "en": {
        "points": "{points} points",
        "point": "1 point",
        "due": "Due {due}.",
        "rules": (
            "- Write each answer in the cell below its statement. **That cell alone is graded**: "
            "imports and helper functions that the answer needs belong in it too.\n"
            "- Add as many cells as you like to try things out. They are yours; nobody grades "
            "them.\n"
            "- Plain Python only: `%` magics, `!` commands and `?` are no part of an answer.\n"
            "- Below each answer a cell runs the examples of the statement. The grader runs more "
            "than that, on inputs that are not shown here.\n"
            "- The cells that say how many points there are give none by themselves. The points, "
            "and what went wrong, come with the feedback."
        ),
        "only": "Of NumPy and PyTorch this may be used, and nothing else: {names}.",
        "forbidden": "Not allowed, since it would do the whole exercise: {names}.",
        "shown": "The feedback shows the details of these checks:",
        "examples": "# The examples of the statement: `failed=0` means that all of them are right.",
        "grading": (
            "# {points} for {name}: the grader reads the answer above by itself.\n"
            "# Nothing to do here: run by anybody else, this cell gives nothing."
        ),
    },
    "zh": {
        "points": "{points} 分",
        "point": "1 分",
        "due": "截止时间：{due}。",
        "rules": (
            "- 请把答案写在题目下方的单元格里。**只有这个单元格会被评分**："
            "答案需要的 import 和辅助函数也要写在里面。\n"
            "- 可以随意添加单元格做实验，它们不参与评分。\n"
            "- 只写纯 Python：`%` 魔法命令、`!` 命令和 `?` 不能出现在答案里。\n"
            "- 每个答案下面的单元格会运行题目中的示例。评分时还会用这里看不到的输入运行更多检查。\n"
            "- 标明分值的单元格本身不给分。分数和错误说明会随反馈一起给出。"
        ),
        "only": "NumPy 和 PyTorch 中只允许使用：{names}。",
        "forbidden": "不允许使用（它们会直接完成整道题）：{names}。",
        "shown": "反馈会显示以下检查的细节：",
        "examples": "# 题目中的示例：`failed=0` 表示全部正确。",
        "grading": (
            "# {name}：{points}。评分程序会自己读取上面的答案。\n"
            "# 这里不用做任何事：自己运行这个单元格不会得分。"
        ),
    },
}


@dataclass(frozen=True)
class Answers:
    """What a notebook holds of an assignment."""

    sources: Mapping[str, str]
    """Text by kata; a kata whose cell is missing is not in it."""
    remarks: Mapping[str, tuple[str, ...]]
    """By kata, what the student should know about the cell; may hold names from the notebook."""
    version: str | None = None


def answer_id(kata: str) -> str:
    """Return the `grade_id` of the cell that a kata is answered in."""
    return kata.replace("/", "-")


def points_id(kata: str) -> str:
    """Return the `grade_id` of the cell that carries a kata's points."""
    return f"{answer_id(kata)}-points"


def build(assignment: Assignment) -> dict[str, Any]:
    """Return the notebook that students get; it holds nothing that they must not see."""
    cells = [_about(assignment)]
    for number, part in enumerate(assignment.parts, 1):
        cells += _kata(assignment, part, number)
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells)]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "dojo": {"assignment": assignment.name, "version": assignment.version},
        },
        "cells": numbered,
    }


def stub_cell(entry: Entry) -> str:
    """Return the text that an answer's cell begins as: the stub without its statement."""
    stub = portable(derive(entry.solution.read_text(encoding="utf-8")))
    tree = ast.parse(stub)
    lines = stub.splitlines()
    if tree.body and ast.get_docstring(tree) is not None:
        lines = lines[tree.body[0].end_lineno :]
    return "\n".join(lines).strip("\n")


def _about(assignment: Assignment) -> Cell:
    texts = TEXTS[assignment.language]
    lines = [f"# {assignment.title}", _points(assignment.points, assignment)]
    if assignment.due:
        lines[-1] += f" · {texts['due'].format(due=f'{assignment.due:%Y-%m-%d %H:%M %Z}')}"
        lines[-1] += f" {late_words(assignment)}"
    return _markdown("about", "\n\n".join((*lines, texts["rules"])))


def _kata(assignment: Assignment, part: Part, number: int) -> Iterator[Cell]:
    entry = assignment.entry(part.kata)
    texts = TEXTS[assignment.language]
    said = words(entry, assignment.language)
    points = _points(part.points, assignment)
    blocks = [f"## {number}. {said.title} ({points})", said.asked, markdown(said.statement)]
    if entry.meta.forbids:
        names = ", ".join(f"`{name}`" for name in entry.meta.forbids)
        blocks.append(texts["forbidden"].format(names=names))
    if entry.meta.only:
        names = ", ".join(f"`{name}`" for name in entry.meta.only)
        blocks.append(texts["only"].format(names=names))
    if titles := dict.fromkeys(case.title for case in assignment.shown_cases(part)):
        blocks.append("\n".join((texts["shown"], "", *(f"- {title}" for title in titles))))
    yield _markdown(f"{answer_id(part.kata)}-statement", "\n\n".join(filter(None, blocks)))
    yield _code(answer_id(part.kata), stub_cell(entry), solution=True)
    if shown := examples(entry.statement):
        yield _code(f"{answer_id(part.kata)}-examples", _examples(entry, shown, texts))
    grading = texts["grading"].format(points=points, name=entry.name)
    # Whatever else runs this cell gets no points from it: no output at all would mean all of them.
    yield _code(points_id(part.kata), f"{grading}\n0.0", points=part.points)


def _examples(entry: Entry, shown: str, texts: Mapping[str, str]) -> str:
    quotes = '"""' if "'''" in shown else "'''"
    return (
        f"{texts['examples']}\nimport doctest\n\n"
        f"examples = r{quotes}\n{shown}{quotes}\n"
        "parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()\n"
        f'runner.run(parser.get_doctest(examples, dict(globals()), "{entry.name}", None, 0))'
    )


def _points(points: float, assignment: Assignment) -> str:
    texts = TEXTS[assignment.language]
    return texts["point"] if points == 1 else texts["points"].format(points=f"{points:g}")


def _markdown(id: str, source: str) -> Cell:
    meta = {"nbgrader": _nbgrader(id, locked=True)}
    return {"cell_type": "markdown", "metadata": meta, "source": source}


def _code(id: str, source: str, *, solution: bool = False, points: float | None = None) -> Cell:
    meta = _nbgrader(id, locked=not solution, solution=solution, points=points)
    return {
        "cell_type": "code",
        "metadata": {"nbgrader": meta},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }


def _nbgrader(
    id: str, *, locked: bool, solution: bool = False, points: float | None = None
) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "schema_version": SCHEMA,
        "grade_id": id,
        "grade": points is not None,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return meta if points is None else {**meta, "points": points}


def read(notebook: object, katas: Sequence[str]) -> Answers:
    """Read the answers to some katas from a notebook of any origin.

    Where several cells bear one id, the last counts, as it does for nbgrader.
    """
    ids = {answer_id(kata): kata for kata in katas}
    found: dict[str, list[str]] = {kata: [] for kata in katas}
    others = _Others([])
    for cell in cells_of(notebook):
        kata = ids.get(grade_id_of(cell))
        if kata is not None:
            found[kata].append(text_of(cell))
        elif cell.get("cell_type") == "code" and not grade_id_of(cell):
            others.texts.append(text_of(cell))
    sources = {kata: texts[-1] for kata, texts in found.items() if texts}
    remarks = {
        kata: (*_said_of(sources.get(kata, ""), others), *_said_of_copies(len(texts)))
        for kata, texts in found.items()
    }
    return Answers(sources, remarks, _version_of(notebook))


def text_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as text that can be written and graded."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    text = source if isinstance(source, str) else ""
    return text.encode("utf-8", "replace").decode()  # half a surrogate is no text


def cells_of(notebook: object) -> Iterator[Mapping[str, Any]]:
    """Yield what may pass for a cell."""
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, Mapping):
            yield cell


def grade_id_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's `grade_id`, or an empty text."""
    value: object = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _version_of(notebook: object) -> str | None:
    value: object = notebook
    for key in ("metadata", "dojo", "version"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and re.fullmatch(VERSION, value) else None


def _said_of_copies(count: int) -> Iterator[str]:
    if count > 1:
        yield f"{count} cells claim to be this answer: the last one was graded."


@dataclass(frozen=True)
class _Others:
    """The cells that are no answer."""

    texts: list[str]

    @cached_property
    def defined(self) -> frozenset[str]:
        """What they give names to: read once for all katas, and no more than could be graded."""
        from dojo.grade import MAX_SOURCE

        if sum(map(len, self.texts)) > MAX_SOURCE:
            return frozenset()
        return frozenset(name for text in self.texts for name in _defined(_parsed(text)))


def _said_of(source: str, others: _Others) -> Iterator[str]:
    """Say what plain Python makes of a cell that did well in a notebook."""
    tree = _parsed(source)
    if tree is None:
        yield from _magics(source)
        return
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in sorted((used & others.defined) - _bound(tree))[:5]:
        if len(name) <= 60:
            yield f"`{name}` stands in another cell: only this one is graded, so move it here."


def _magics(source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if MAGIC.match(line) and not line.lstrip().startswith("#"):
            yield (
                f"Line {number} is for notebooks only: a magic, a command or a question mark. "
                "The grader reads plain Python and left it out."
            )
            return


def _parsed(source: str) -> ast.Module | None:
    from dojo.grade import MAX_SOURCE
    from dojo.syntax import parse

    if len(source) > MAX_SOURCE:
        return None  # nobody will grade it
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defined(tree: ast.Module | None) -> Iterator[str]:
    """Yield what the top level of a text gives names to."""
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _bound(tree: ast.Module) -> set[str]:
    """Return every name that a text binds anywhere, arguments included."""
    bound = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    return bound
