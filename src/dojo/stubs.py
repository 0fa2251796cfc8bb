"""Derive the learner's stub from a solution: what is public or marked `# given` stays."""

from __future__ import annotations

import ast
import copy
import doctest
import io
import textwrap
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from dojo import syntax
from dojo.kata import Kata
from dojo.mistakes import reference
from dojo.trouble import Fault

__all__ = ["StubError", "derive", "public_names", "rules"]

GIVEN: Final = "# given"
TODO: Final = "raise NotImplementedError"
LINE_LENGTH: Final = 100
INTERFACE: Final = frozenset(
    {
        *("property", "cached_property", "getter", "setter", "deleter"),
        *("classmethod", "staticmethod", "dataclass", "runtime_checkable"),
        *("abstractmethod", "final", "overload", "override"),
    }
)
"""Decorators that say how a thing is used; any other may be part of the answer."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Block = Function | ast.ClassDef
Documented = Block | ast.Module
Import = ast.Import | ast.ImportFrom
Place = tuple[int, int]
"""Line and column, in characters."""


class StubError(Fault):
    """A solution whose stub would lack something that it shows; says what to mark."""


def derive(source: str, rules: str = "") -> str:
    """Return a solution's stub, formatted by black, with the kata's rules below its statement."""
    import black

    stub = black.format_str(_plain(source), mode=black.Mode(line_length=LINE_LENGTH))
    if not rules:
        return stub
    lines = stub.splitlines(keepends=True)
    statement = syntax.parse(stub).body[0]
    note = [f"# {line}\n" for line in textwrap.wrap(rules, LINE_LENGTH - 2)]
    return "".join((*lines[: statement.end_lineno], "\n", *note, *lines[statement.end_lineno :]))


def rules(meta: Kata) -> str:
    """Say what a kata's answer may not use, or nothing."""
    if meta.only:
        return f"Of NumPy, PyTorch and einops only this is allowed: {', '.join(meta.only)}."
    if meta.forbids:
        listed = ", ".join(meta.forbids)
        return (
            f"Not allowed, since it would be the whole exercise: {listed}, and what does the same."
        )
    return ""


def _plain(source: str) -> str:
    solution = _read(reference(source))
    bare = syntax.parse("\n".join(_module(solution, None)))
    needs = _needs(bare)
    _demand_complete(syntax.parse(source), bare, needs)
    return "\n".join(_module(solution, needs))


def public_names(source: str) -> dict[str, str]:
    """Return what a solution's stub defines and how to call it.

    Keys are `beam_search`, `SelfAttention` and `SelfAttention.forward`. A class is shown as it is
    called, `SelfAttention(d_model, n_heads)`, if its `__init__` stands in the stub.
    """
    return dict(_signatures(syntax.parse(_plain(source)).body))


@dataclass(frozen=True)
class _Comment:
    column: int
    text: str
    alone: bool
    """Whether it has the line for itself."""


@dataclass(frozen=True)
class _Solution:
    """A reference as text and as a tree; its `# given` marks are known but no longer there."""

    lines: tuple[str, ...]
    tree: ast.Module
    marks: dict[int, _Comment]
    """By line."""
    comments: dict[int, _Comment]
    """All others, by line."""
    colons: tuple[Place, ...]
    """Where colons outside brackets end."""

    def place(self, line: int, n_bytes: int) -> Place:
        """Convert a place as `ast` gives it, which counts bytes."""
        return line, len(self.lines[line - 1].encode()[:n_bytes].decode(errors="ignore"))

    def start(self, node: ast.stmt | ast.expr) -> Place:
        """Return where a node begins, its decorators left aside."""
        return self.place(node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr) -> Place:
        """Return where a node ends."""
        return self.place(node.end_lineno or 0, node.end_col_offset or 0)

    def header_end(self, node: Block) -> Place:
        """Return where the colon of a `def` or `class` ends."""
        return min(colon for colon in self.colons if colon > self.start(node))

    def text(self, start: Place, end: Place, indent: str) -> list[str]:
        """Return the lines between two places, with a comment behind the last one."""
        lines = list(self.lines[start[0] - 1 : end[0]])
        tail = self.comments.get(end[0])
        if tail and not lines[-1][end[1] : tail.column].strip():
            lines[-1] = f"{lines[-1][: end[1]]}  {tail.text}"
        else:
            lines[-1] = lines[-1][: end[1]]
        lines[0] = indent + lines[0][start[1] :]
        numbered = enumerate(lines, start=start[0])
        return [line for number, line in numbered if not self._marked_above(number)]

    def is_given(self, node: ast.stmt) -> bool:
        """Tell whether a mark stands right above a statement or behind its first line.

        Black moves what stands behind a long first line to the end of the statement or header;
        there it counts as well.
        """
        last = node.lineno if hasattr(node, "body") else self.end(node)[0]
        if isinstance(node, Block):
            last = self.header_end(node)[0]
        above = self._marked_above(_first_line(node) - 1)
        if above is not None and above.column == node.col_offset:
            return True
        return self._marked_behind(node.lineno, last)

    def is_given_decorator(self, node: ast.expr) -> bool:
        """Tell whether a decorator is marked on its own, behind its line."""
        return self._marked_behind(node.lineno, self.end(node)[0])

    def remarks(self, node: ast.stmt) -> list[str]:
        """Return the comments that stand right above a statement."""
        found: list[str] = []
        line = _first_line(node) - 1
        while comment := self.comments.get(line) or self._marked_above(line):
            if not comment.alone or comment.column != node.col_offset:
                break
            if line in self.comments:
                found.insert(0, " " * comment.column + comment.text)
            line -= 1
        return found

    def is_spaced(self, last: int, first: int) -> bool:
        """Tell whether there is a blank line between two lines."""
        between = range(last + 1, first)
        return any(not self.lines[n - 1].strip() and n not in self.marks for n in between)

    def _marked_above(self, line: int) -> _Comment | None:
        mark = self.marks.get(line)
        return mark if mark and mark.alone else None

    def _marked_behind(self, *lines: int) -> bool:
        marks = (self.marks.get(line) for line in lines)
        return any(mark is not None and not mark.alone for mark in marks)


def _read(source: str) -> _Solution:
    lines = source.split("\n")
    marks: dict[int, _Comment] = {}
    comments: dict[int, _Comment] = {}
    colons: list[Place] = []
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line, column = token.start
        if token.type == tokenize.COMMENT:
            comment = _Comment(column, token.string, not lines[line - 1][:column].strip())
            if token.string == GIVEN:
                marks[line] = comment
                lines[line - 1] = lines[line - 1][:column].rstrip()
            else:
                comments[line] = comment
        elif token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and not depth:
                colons.append(token.end)
    return _Solution(tuple(lines), syntax.parse(source), marks, comments, tuple(colons))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Block) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


@dataclass(frozen=True)
class _Needs:
    """What the code and the examples of a stub mention."""

    names: frozenset[str]
    texts: frozenset[str]
    """Names in annotations that are strings, which may also be the names of axes."""
    chains: frozenset[str]
    """Names with dots, and every beginning of them: `torch`, `torch.nn`."""
    annotations: bool


def _module(solution: _Solution, needs: _Needs | None) -> Iterator[str]:
    """Yield a stub's lines; without `needs` it has no imports but those that are given."""
    doc, body = _parted(solution.tree)
    if doc is not None:
        yield from solution.text(solution.start(doc), solution.end(doc), "")
    yield from _members(solution, body, "", needs)


def _parted(node: Documented) -> tuple[ast.stmt | None, Sequence[ast.stmt]]:
    """Part the docstring from what follows it."""
    if ast.get_docstring(node, clean=False) is None:
        return None, node.body
    return node.body[0], node.body[1:]


def _members(
    solution: _Solution, body: Sequence[ast.stmt], indent: str, needs: _Needs | None
) -> Iterator[str]:
    last = 0
    for node in body:
        lines = _member(solution, node, indent, needs)
        if lines:
            if last and solution.is_spaced(last, _first_line(node)):
                yield ""
            yield from lines
            last = solution.end(node)[0]


def _member(solution: _Solution, node: ast.stmt, indent: str, needs: _Needs | None) -> list[str]:
    """Return what the stub shows of a statement: all, an outline, or nothing."""
    if solution.is_given(node):
        return _given(solution, node, indent)
    if isinstance(node, Import):
        return _import(solution, node, needs) if needs else []
    if isinstance(node, Block) and _is_public(node.name):
        return list(_outline(solution, node, indent))
    return []


def _given(solution: _Solution, node: ast.stmt, indent: str) -> list[str]:
    start = solution.start(node)
    if _first_line(node) < node.lineno:
        start = solution.place(_first_line(node), node.col_offset)
    return [*solution.remarks(node), *solution.text(start, solution.end(node), indent)]


def _outline(solution: _Solution, node: Block, indent: str) -> Iterator[str]:
    for decorator in node.decorator_list:
        if _is_interface(decorator) or solution.is_given_decorator(decorator):
            start, end = solution.start(decorator), solution.end(decorator)
            yield from solution.text(start, end, f"{indent}@")
    yield from solution.text(solution.start(node), solution.header_end(node), indent)
    inner = _inner_indent(solution, node, indent)
    doc, body = _parted(node)
    if doc is not None:
        yield from solution.text(solution.start(doc), solution.end(doc), inner)
    if isinstance(node, ast.ClassDef):
        members = list(_members(solution, body, inner, None))
        yield from members or ([] if doc else [f"{inner}pass"])
    else:
        yield from _body(solution, body, inner)


def _is_interface(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in INTERFACE


def _inner_indent(solution: _Solution, node: Block, indent: str) -> str:
    line, column = solution.start(node.body[0])
    before = solution.lines[_first_line(node.body[0]) - 1][:column]
    return before if line > node.lineno and not before.strip() else f"{indent}    "


def _body(solution: _Solution, body: Sequence[ast.stmt], indent: str) -> Iterator[str]:
    """Keep the statements that are given; each run of others is left to the learner."""
    todo = False
    for node in body:
        if solution.is_given(node):
            yield from _given(solution, node, indent)
        elif not todo:
            yield f"{indent}{TODO}"
        todo = not solution.is_given(node)
    if not body:
        yield f"{indent}{TODO}"


def _import(solution: _Solution, node: Import, needs: _Needs) -> list[str]:
    """Return an import with the names that are needed, or nothing."""
    names = [needed for alias in node.names for needed in _needed(solution, node, alias, needs)]
    if not names:
        return []
    if names == node.names:
        return solution.text(solution.start(node), solution.end(node), "")
    narrowed = copy.copy(node)
    narrowed.names = names
    return [ast.unparse(narrowed)]


def _needed(
    solution: _Solution, node: Import, alias: ast.alias, needs: _Needs
) -> Iterator[ast.alias]:
    mentioned = needs.names | needs.texts
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        if alias.name != "annotations" or needs.annotations:
            yield alias
    elif isinstance(node, ast.ImportFrom) or alias.asname or "." not in alias.name:
        if alias.name == "*" or (alias.asname or alias.name) in mentioned:
            yield alias
    else:
        yield from _shortened(solution, alias, needs)


def _shortened(solution: _Solution, alias: ast.alias, needs: _Needs) -> Iterator[ast.alias]:
    """Cut `import torch.nn.functional` down to the part that is mentioned."""
    packages = list(accumulate(alias.name.split("."), "{}.{}".format))
    name = next((package for package in reversed(packages) if package in needs.chains), None)
    imports = (node for node in solution.tree.body if isinstance(node, ast.Import))
    others = {other.name for node in imports for other in node.names if other is not alias}
    if name == alias.name:
        yield alias
    elif name is not None and name not in others:
        yield ast.alias(name)


def _needs(tree: ast.Module) -> _Needs:
    examples = tuple(_examples(tree))
    nodes = [node for root in (tree, *examples) for node in ast.walk(root)]
    names = _names(tree).union(*(_names(root) - _bound(root).keys() for root in examples))
    annotations = [part for node in nodes for part in _annotations(node)]
    dotted = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    return _Needs(
        names=names,
        texts=frozenset(name for part in annotations for name in _quoted_names(part)),
        chains=names | dotted,
        annotations=bool(annotations),
    )


def _names(root: ast.AST) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(root) if isinstance(node, ast.Name))


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    parts = (getattr(node, "annotation", None), getattr(node, "returns", None))
    yield from (part for part in parts if isinstance(part, ast.expr))


def _quoted_names(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                yield from _names(syntax.parse(node.value.strip(), mode="eval"))
            except (SyntaxError, ValueError):
                continue


def _examples(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield the code of every docstring's examples."""
    parser = doctest.DocTestParser()
    for node in ast.walk(tree):
        if not isinstance(node, Documented) or not (doc := ast.get_docstring(node)):
            continue
        try:
            examples = parser.get_examples(doc, getattr(node, "name", "the module"))
            yield syntax.parse("".join(example.source for example in examples))
        except ValueError as error:
            raise StubError(1, f"the examples of a docstring cannot be read: {error}") from error
        except SyntaxError:
            continue  # an example may show an error


def _bound(tree: ast.Module) -> dict[str, int]:
    """Return the names that a module binds at its top level, with the first line of each."""
    inner_scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    bound: dict[str, int] = {}
    queue: list[ast.AST] = list(tree.body)
    for node in queue:  # grows
        if isinstance(node, Block):
            bound.setdefault(node.name, node.lineno)
        elif isinstance(node, Import):
            for alias in node.names:
                bound.setdefault((alias.asname or alias.name).partition(".")[0], node.lineno)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.setdefault(node.id, node.lineno)
        elif not isinstance(node, inner_scopes):
            queue.extend(ast.iter_child_nodes(node))
    return bound


def _demand_complete(solution: ast.Module, bare: ast.Module, needs: _Needs) -> None:
    """Refuse a stub that shows the name of something that it leaves out."""
    imports = [node for node in solution.body if isinstance(node, Import)]
    present = _bound(ast.Module([*bare.body, *imports], [])).keys() | _local(bare)
    hidden = [(line, name) for name, line in _bound(solution).items() if name not in present]
    for line, name in sorted(hidden):
        if name in needs.names:
            raise StubError(
                line,
                f"the stub shows `{name}` and leaves out what it is: "
                f"mark its definition `{GIVEN}`, or keep it out of signatures and examples",
            )


def _local(tree: ast.Module) -> set[str]:
    """Return names that given code binds itself, wherever that is."""
    nodes = list(ast.walk(tree))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _signatures(body: Iterable[ast.stmt], owner: str = "") -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, Block) and _is_public(node.name) and node.name != "__init__":
            yield owner + node.name, _call(node)
            if isinstance(node, ast.ClassDef):
                yield from _signatures(node.body, f"{owner}{node.name}.")


def _call(node: Block) -> str:
    if isinstance(node, Function):
        return f"{node.name}({_arguments(node.args)})"
    for inner in node.body:
        if isinstance(inner, Function) and inner.name == "__init__":
            return f"{node.name}({_arguments(_without_self(inner.args))})"
    return node.name


def _arguments(arguments: ast.arguments) -> str:
    plain = copy.deepcopy(arguments)
    for part in ast.walk(plain):
        if isinstance(part, ast.arg):
            part.annotation = None
    return ast.unparse(plain)


def _without_self(arguments: ast.arguments) -> ast.arguments:
    bare = copy.deepcopy(arguments)
    del (bare.posonlyargs or bare.args)[:1]
    positional = len(bare.posonlyargs) + len(bare.args)
    bare.defaults = bare.defaults[max(0, len(bare.defaults) - positional) :]
    return bare
