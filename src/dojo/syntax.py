"""Python source as trees, one thread at a time.

CPython 3.11 counts the depth of a tree that is being built or compiled once for all threads: where
two of them do it at once, either may end in a SystemError for no fault of the source.
"""

from __future__ import annotations

import ast
import threading
from typing import Final, cast

__all__ = ["compile_tree", "parse"]

TURN: Final = threading.RLock()


def parse(source: str | bytes, filename: str = "<unknown>", mode: str = "exec") -> ast.Module:
    """Return the tree of a source text, as `ast.parse` does."""
    with TURN:
        return cast(ast.Module, ast.parse(source, filename, mode))


def compile_tree(tree: ast.Module, filename: str) -> None:
    """Raise what only shows when a tree is compiled; nothing runs."""
    with TURN:
        compile(tree, filename, "exec", dont_inherit=True)
