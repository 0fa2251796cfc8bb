"""Who binds a name: scopes as Python has them, read from a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["SCOPES", "Scope", "assignments", "children", "defaults"]

SCOPES: Final = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@dataclass
class Scope:
    """The names that one function, class or module binds."""

    parent: Scope | None
    is_class: bool = False
    own: dict[str, int] = field(default_factory=dict)
    """Names bound to something of the file's own, with the last line that does so."""
    paths: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Names bound to something of a library."""
    imported: set[str] = field(default_factory=set)
    values: dict[str, ast.expr] = field(default_factory=dict)
    """Names bound once, to an expression."""
    elsewhere: set[str] = field(default_factory=set)
    """Names that `global` and `nonlocal` lend."""
    functions: dict[str, list[Scope]] = field(default_factory=dict)
    """What each function's own names are, by the name that it is called by."""
    returned: list[ast.expr] = field(default_factory=list)
    """What a function returns."""

    def holder(self, name: str) -> Scope | None:
        """Return the scope that a name belongs to, as Python looks it up."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            visible = first or not scope.is_class
            if (
                visible
                and name not in scope.elsewhere
                and (name in scope.own or name in scope.paths)
            ):
                return scope
            scope, first = scope.parent, False
        return None


def assignments(node: ast.AST) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Pair names with the expressions that they are bound to."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        pairs = [(node.optional_vars, node.context_expr)]
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(
        node.iter, ast.Tuple | ast.List
    ):
        pairs = [(node.target, item) for item in node.iter.elts[:8]]
    while pairs:
        target, value = pairs.pop()
        if isinstance(target, ast.Name):
            yield target, value
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            pairs += zip(target.elts, value.elts, strict=False)


def children(node: ast.AST, outer: Scope, inner: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Give each child its scope; leave out annotations and the classes of a type test."""
    if _tests_type(node):
        yield from ((tested, outer) for tested in _tested(node))
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        defaults = (*node.args.defaults, *node.args.kw_defaults)
        yield from ((default, outer) for default in defaults if default is not None)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from ((decorator, outer) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        yield from ((base, outer) for base in (*node.bases, *node.keywords))
        yield from ((statement, inner) for statement in node.body)
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        if isinstance(node, ast.arguments) and name in ("defaults", "kw_defaults"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child, inner


def _tests_type(node: ast.AST) -> bool:
    """Whether a node only asks what a thing is: by isinstance, `type(x) is …` or a pattern."""
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass")
        return named and len(node.args) == 2 and _is_plain(node.args[1])
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        return any(map(_asks_type, sides)) and all(map(_is_plain, sides))
    return isinstance(node, ast.MatchClass)


def _tested(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Call):
        return [node.args[0]]
    if isinstance(node, ast.Compare):
        return [side for side in (node.left, *node.comparators) if _asks_type(side)]
    assert isinstance(node, ast.MatchClass)
    return [*node.patterns, *node.kwd_patterns]


def _asks_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression binds nothing that is used elsewhere."""
    return not any(isinstance(inner, ast.NamedExpr | ast.Lambda) for inner in ast.walk(node))


def defaults(node: ast.AST) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Pair parameters with what they are when the caller leaves them out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        yield from zip(reversed(positional), reversed(arguments.defaults), strict=False)
        for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if value is not None:
                yield argument, value
