"""Where an author's files are at fault: lines of a reference or of cases, as the files count them.

A child runs a solution without its comments about mistakes, and a grader without its metadata.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from dojo import syntax
from dojo.grader_file import GraderError
from dojo.mistakes import line_in_file
from dojo.trouble import Fault
from dojo.wire import Failure

__all__ = ["faults_in", "place", "visible"]


@contextmanager
def faults_in(path: Path) -> Iterator[None]:
    """Let what is wrong with a text say which file it was read from."""
    try:
        yield
    except Fault as error:
        error.path = path
        raise
    except SyntaxError as error:
        message = f"is not valid Python ({error.msg}): mend this line"
        raise GraderError(path, error.lineno or 1, message) from None


@lru_cache(maxsize=256)
def visible(grader: str) -> str:
    """Leave out the metadata, and of hosted classes all but the name."""
    return ast.unparse(_visible(grader))


def _visible(grader: str) -> ast.Module:
    tree = syntax.parse(grader)
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bare = ast.ClassDef(node.name, [], [], [ast.Pass()], [])
            node = ast.copy_location(bare, node)
        is_metadata = (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "Kata"
        )
        if not is_metadata:
            body.append(node)
    return ast.fix_missing_locations(ast.Module(body, []))


@lru_cache(maxsize=64)
def _lines(grader: str) -> dict[int, int]:
    """Map the lines of the visible part to the lines of the grader, statement by statement."""

    def statements(tree: ast.Module) -> list[int]:
        return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]

    seen, written = statements(syntax.parse(visible(grader))), statements(_visible(grader))
    return dict(zip(seen, written, strict=False))


def place(id: str, solution: str, grader: str, failure: Failure) -> tuple[str, str]:
    """Return path and line at which a reference or its case raised, and what stands there."""
    if failure.case:
        path, text, line = f"graders/{id}.py", grader, _lines(grader).get(failure.case, 1)
    elif failure.steps:
        path, text = f"solutions/{id}.py", solution
        line = line_in_file(solution, failure.steps[-1].line)
    else:
        return f"graders/{id}.py", ""
    lines = text.splitlines()
    code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return f"{path}:{line}", code
