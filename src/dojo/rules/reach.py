"""Which lines of a file run when it is graded: not its main block, not a check nobody calls."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

__all__ = ["Reach"]

MAX_ROUNDS: Final = 8
_ROUNDABOUT: Final = re.compile(
    r"\b(globals|locals|vars|dir|__dict__|__globals__|__name__|inspect|sys|gc|eval|exec|compile"
    r"|importlib|setattr)\b"
)
"""Words by which a function can be found without its name."""


@dataclass(frozen=True)
class Reach:
    """Lines, by number, of which grading runs none, or none that can be told."""

    never: frozenset[int]
    """Lines under `if __name__ == "__main__"` and `if TYPE_CHECKING`."""
    idle: frozenset[int]
    """Lines of functions that the file mentions nowhere and no case asks for."""
    roundabout: bool
    """Whether an idle function might be found by other means than its name."""

    @classmethod
    def of(cls, tree: ast.Module, source: str, wanted: Collection[str] | None) -> Reach:
        """Read a file of which the cases ask for the `wanted` names; for any, where it is None."""
        lines = re.split(r"\r\n|\r|\n", source)
        never = {n for block in _blocks(tree) for n in _span(block)}
        idle: set[int] = set()
        functions = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.decorator_list
            and wanted is not None
            and node.name not in wanted
            and not set(_span([node])) & never
        ]
        for _ in range(MAX_ROUNDS):
            rest = _words(lines, never | idle)
            found = [
                f for f in functions if rest.get(f.name, 0) == 1 and f.body[0].lineno not in idle
            ]
            if not found:
                break
            for function in found:
                # The header stays: its default values are computed when the file is loaded.
                header = function.body[0].lineno == function.lineno
                idle |= set(_span([function])) if header else set(_span(function.body))
            functions = [f for f in functions if f not in found]
        kept = [line for n, line in enumerate(lines, 1) if n not in never]
        return cls(frozenset(never), frozenset(idle), bool(_ROUNDABOUT.search("\n".join(kept))))


def _span(nodes: Sequence[ast.stmt | ast.expr]) -> range:
    return range(nodes[0].lineno, (nodes[-1].end_lineno or nodes[-1].lineno) + 1)


def _words(lines: list[str], without: Collection[int]) -> dict[str, int]:
    """Count every word of the lines that are left, as Python reads it: ｓ is s."""
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        text = line if line.isascii() else unicodedata.normalize("NFKC", line)
        for word in re.findall(r"\w+", text) if number not in without else ():
            counts[word] = counts.get(word, 0) + 1
    return counts


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt | ast.expr]]:
    """Give the tests and bodies that do not run, unless the file tampers with what guards them."""
    guarded = [
        (word, node) for node in tree.body if isinstance(node, ast.If) and (word := _word(node))
    ]
    if guarded:
        bound = {name for node in ast.walk(tree) for name in _bound(node)}
        lent = {a.name for node in tree.body if _is_typing(node) for a in node.names}
        for word, node in guarded:
            by_name = isinstance(node.test, ast.Name)
            if word not in bound and (not by_name or word in lent):
                yield [node.test, *node.body]


def _is_typing(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.module == "typing"


def _word(node: ast.If) -> str:
    """Return the name that a test of these two forms reads, or nothing."""
    test = node.test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq) and len(test.ops) == 1:
        sides = [test.left, test.comparators[0]]
        named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        compared = any(
            isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
        )
        return "__name__" if named and compared else ""
    if isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name):
        return test.attr if (test.value.id, test.attr) == ("typing", "TYPE_CHECKING") else ""
    return test.id if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING" else ""


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node may give another value, however it says so."""
    if isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        yield node.id if isinstance(node, ast.Name) else node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.arg | ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.Import | ast.ImportFrom):
        typing = isinstance(node, ast.ImportFrom) and node.module == "typing"
        yield from (a.asname or ("" if typing else a.name) for a in node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        yield node.name or ""
    elif isinstance(node, ast.MatchMapping):
        yield node.rest or ""
