"""Read a grader by `ast`: its metadata and its cases, as values, without running the file."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeGuard

from dojo import syntax
from dojo.kata import Kata
from dojo.trouble import Trouble

__all__ = ["ID", "LEVELS", "CaseSpec", "GraderError", "listed", "parse", "read_cases", "read_meta"]

LEVELS: Final = ("warmup", "core", "hard")
ID: Final = r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*"
"""The id of a kata: topic and name."""
Decorated = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class GraderError(Trouble):
    """A grader, or a solution's statement, that breaks the rules of its vocabulary."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(path, line, message)
        self.path = path
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{'/'.join(self.path.parts[-3:])}:{self.line}: {self.message}"


@dataclass(frozen=True)
class CaseSpec:
    """One `@case(...)` of a grader, as written."""

    function: str
    title: str
    sizes: dict[str, object]
    raises: str | None
    """The error as the grader names it."""
    budget: dict[str, float]
    line: int

    @property
    def id(self) -> str:
        """The function's name and its sizes: `output[B=2,T=5]`, or `output` alone."""
        sizes = ",".join(f"{name}={_shown(value)}" for name, value in self.sizes.items())
        return f"{self.function}[{sizes}]" if sizes else self.function


def listed(names: Iterable[str], word: str) -> str:
    """Return names as a phrase: `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value).replace(" ", "")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_tuple(value: Any, pattern: str = r"(?s).*\S.*") -> bool:
    return isinstance(value, tuple) and all(
        isinstance(item, str) and re.fullmatch(pattern, item) for item in value
    )


_RULES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "minutes": (lambda value: type(value) is int and value > 0, "a whole number above zero"),
    "level": (lambda value: value in LEVELS, f"one of {listed(map(repr, LEVELS), 'or')}"),
    "asked": (_is_text, "a sentence in quotes"),
    "asked_zh": (_is_text, "a sentence in quotes"),
    "hints": (_is_tuple, 'a tuple of sentences: ("first", "second"), or ("only",)'),
    "follow_ups": (
        lambda value: isinstance(value, dict) and all(map(_is_text, (*value, *value.values()))),
        'questions and answers: {"question": "answer"}',
    ),
    "source": (_is_text, "a reference in quotes"),
    "needs": (lambda value: _is_tuple(value, ID), 'a tuple of ids: ("topic/name",)'),
    "forbids": (
        lambda value: _is_tuple(value, r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"),
        'a tuple of full names: ("torch.nn.RMSNorm",)',
    ),
    "allows": (
        lambda value: _is_tuple(value, r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"),
        'a tuple of full names: ("torch.nn.functional.rms_norm",)',
    ),
    "only": (
        lambda value: _is_tuple(value, r"(numpy|torch|einops)(\.[A-Za-z_]\w*)*"),
        'a tuple of names of NumPy, PyTorch or einops: ("numpy", "torch.Tensor")',
    ),
    "was": (lambda value: _is_tuple(value, ID), 'a tuple of ids: ("topic/name",)'),
}


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file that Python would accept."""
    try:
        source = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise GraderError(path, 1, f"cannot be read ({reason}): write or restore it") from None
    try:
        tree = syntax.parse(source, str(path))
        # Some errors of syntax, such as a repeated keyword, only show here. Nothing runs.
        syntax.compile_tree(tree, str(path))
    except SyntaxError as error:
        message = f"is not valid Python ({error.msg}): mend this line"
        raise GraderError(path, error.lineno or 1, message) from None
    except ValueError:
        raise GraderError(path, 1, "is not text: save it as UTF-8") from None
    return tree


def _literal(path: Path, node: ast.expr, what: str) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        such = f', such as {what}="{node.attr}",' if isinstance(node, ast.Attribute) else ""
        raise GraderError(
            path,
            node.lineno,
            f"{what} is computed: write a literal{such} since it is read without being run",
        ) from None


def _keywords(path: Path, call: ast.Call, example: str) -> dict[str, ast.expr]:
    """Return a call's arguments by name; there must be no others."""
    if call.args or any(keyword.arg is None for keyword in call.keywords):
        raise GraderError(path, call.lineno, f"every value needs its name: {example}")
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def _calls(node: ast.expr | None, name: str) -> ast.Call | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
        return node
    return None


def read_meta(path: Path, tree: ast.Module) -> Kata:
    """Return the grader's `kata = Kata(...)`."""
    calls = [call for node in tree.body if (call := _assigned_kata(node))]
    if len(calls) != 1:
        line = calls[1].lineno if calls else 1
        raise GraderError(path, line, "one `kata = Kata(...)` must stand at the top level")
    given = _keywords(path, calls[0], 'minutes=25, level="core", …')
    for name, node in given.items():
        if name not in _RULES:
            near = difflib.get_close_matches(name, _RULES, n=1) or _RULES
            raise GraderError(
                path, node.lineno, f"Kata has no {name!r}: it takes {listed(near, 'and')}"
            )
    needed = {field.name for field in fields(Kata) if field.default is MISSING}
    if missing := [name for name in _RULES if name in needed - given.keys()]:
        raise GraderError(path, calls[0].lineno, f"Kata lacks {listed(missing, 'and')}: add it")
    values: dict[str, Any] = {n: _literal(path, node, n) for n, node in given.items()}
    for name, value in values.items():
        allowed, form = _RULES[name]
        if not allowed(value):
            raise GraderError(path, given[name].lineno, f"{name} must be {form}")
    if values.get("only") and values.get("forbids"):
        raise GraderError(
            path, given["only"].lineno, "only= says all that is allowed: drop forbids="
        )
    return Kata(**values)


def _assigned_kata(node: ast.stmt) -> ast.Call | None:
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = any(isinstance(target, ast.Name) and target.id == "kata" for target in targets)
    return _calls(node.value, "Kata") if named else None


def read_cases(path: Path, tree: ast.Module) -> tuple[CaseSpec, ...]:
    """Return the grader's cases, top to bottom."""
    for node in ast.walk(tree):
        if _is_case(node) and node not in tree.body:
            raise GraderError(
                path, node.lineno, f"{node.name} is nested: move it to the top level of the file"
            )
    functions = [node for node in tree.body if _is_case(node)]
    specs = [spec for node in functions for spec in _cases_of(path, node, _names(tree))]
    if not specs:
        raise GraderError(path, 1, "there is no case: put @case(...) on a function")
    _refuse_twins(path, "function", [(node.name, node.lineno) for node in functions])
    _refuse_twins(path, "case", [(spec.id, spec.line) for spec in specs])
    return tuple(specs)


def _refuse_twins(path: Path, what: str, named: list[tuple[str, int]]) -> None:
    seen: dict[str, int] = {}
    for name, line in named:
        if name in seen:
            raise GraderError(
                path, line, f"the {what} {name} is there already, in line {seen[name]}: change one"
            )
        seen[name] = line


def _is_case(node: ast.AST) -> TypeGuard[Decorated]:
    """Return whether any decorator is `case`, however it is written."""
    for decorator in getattr(node, "decorator_list", ()):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if getattr(target, "id", getattr(target, "attr", "")) == "case":
            return True
    return False


def _cases_of(path: Path, node: Decorated, names: set[str]) -> Iterator[CaseSpec]:
    if not isinstance(node, ast.FunctionDef):
        raise GraderError(path, node.lineno, "@case belongs on a plain function")
    title = (ast.get_docstring(node) or "").strip()
    if not title or "\n" in title or title.endswith("."):
        raise GraderError(
            path,
            node.lineno,
            f"{node.name} needs a title: a docstring of one line, a fact about the right answer "
            'without a full stop, such as """matches the equation"""',
        )
    for decorator in node.decorator_list:
        call = _calls(decorator, "case")
        if call is None:
            raise GraderError(
                path, decorator.lineno, f"{node.name} takes no decorator but @case(...)"
            )
        given = _keywords(path, call, "@case(B=2, T=5)")
        raises = _raises(path, given.pop("raises", None), names)
        budget = _budget(path, given.pop("budget", None))
        sizes = {n: _size(path, n, value) for n, value in given.items()}
        _match(path, node, call.lineno, sizes)
        yield CaseSpec(node.name, title, sizes, raises, budget, call.lineno)


def _match(path: Path, node: ast.FunctionDef, line: int, sizes: dict[str, object]) -> None:
    """Refuse sizes that the function does not take, and a function that takes others."""
    spec = node.args
    names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
    if names[:2] != ["kata", "draw"]:
        raise GraderError(
            path, node.lineno, f"{node.name} must take `kata` and `draw` first, then the sizes"
        )
    own = [argument.arg for argument in spec.kwonlyargs]
    optional = names[len(names) - len(spec.defaults) :] if spec.defaults else []
    optional += [n for n, default in zip(own, spec.kw_defaults, strict=True) if default]
    if unknown := [name for name in sizes if name not in (*names[2:], *own)]:
        raise GraderError(
            path, line, f"{node.name} takes no {listed(unknown, 'and')}: add a parameter"
        )
    if missing := [n for n in (*names[2:], *own) if n not in sizes and n not in optional]:
        raise GraderError(path, line, f"{node.name} lacks {listed(missing, 'and')}: give a size")


def _size(path: Path, name: str, node: ast.expr) -> object:
    def plain(value: object) -> bool:
        if isinstance(value, tuple):
            return all(map(plain, value))
        return value is None or isinstance(value, bool | int | float | str)

    value = _literal(path, node, name)
    if not plain(value):
        raise GraderError(
            path, node.lineno, f"{name} must be a number, a string, a bool, None or a tuple of them"
        )
    return value


def _budget(path: Path, node: ast.expr | None) -> dict[str, float]:
    value = {} if node is None else _literal(path, node, "budget")
    sound = isinstance(value, dict) and all(
        isinstance(key, str) and type(limit) in (int, float) and limit >= 1
        for key, limit in value.items()
    )
    if node is not None and not (sound and value):
        raise GraderError(
            path,
            node.lineno,
            'budget must map counts to multiples of at least 1: {"calls": 1.5}',
        )
    return {key: float(limit) for key, limit in value.items()} if isinstance(value, dict) else {}


def _raises(path: Path, node: ast.expr | None, names: set[str]) -> str | None:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    first = node
    while isinstance(first, ast.Attribute):
        first = first.value
    if isinstance(first, ast.Name):
        known = getattr(builtins, first.id, None) if first is node else None
        if first.id in names or (isinstance(known, type) and issubclass(known, Exception)):
            return ast.unparse(node)
    raise GraderError(path, node.lineno, "raises must name an exception class, such as ValueError")


def _names(tree: ast.Module) -> set[str]:
    """Return what the file imports or defines at its top level."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
    return names
