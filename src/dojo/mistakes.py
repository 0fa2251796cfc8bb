"""Read a solution's `# ✗ wrong — why` lines: each is one plausible wrong version of it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dojo import syntax
from dojo.trouble import Fault

__all__ = ["Mistake", "MistakeError", "find_mistakes", "line_in_file", "reference"]

MARK: Final = "✗"
DASH: Final = " — "
Function = ast.FunctionDef | ast.AsyncFunctionDef
Block = Function | ast.ClassDef


class MistakeError(Fault):
    """A `# ✗` comment that breaks a rule; the message says which, and what to do next."""


@dataclass(frozen=True)
class Mistake:
    """One wrong version of a solution."""

    line: int
    """Where its `# ✗` comment begins."""
    wrong: str
    """The wrong line; of a whole function, the name of what it replaces."""
    why: str
    source: str
    """The whole solution with this mistake and no other, without comments about mistakes."""


@lru_cache(maxsize=64)
def find_mistakes(source: str) -> tuple[Mistake, ...]:
    """Return every mistake that a solution declares, from top to bottom."""
    solution = _read(source)
    right = _form(solution.text())
    seen: dict[str, int] = {}
    mistakes = []
    for note in solution.notes:
        changed = solution.text(_edit(solution, note))
        _demand_new(note, changed, right, seen)
        mistakes.append(Mistake(note.first, note.wrong, note.why, changed))
    return tuple(mistakes)


def reference(source: str) -> str:
    """Return a solution without comments about mistakes and without functions named `_`."""
    return _read(source).text()


def line_in_file(source: str, line: int) -> int:
    """Return where a line of the reference stands in the solution's file."""
    kept = _read(source).kept
    return kept[line - 1][0] if 0 < line <= len(kept) else line


@dataclass(frozen=True)
class _Comment:
    line: int
    column: int
    text: str
    alone: bool
    """Whether it stands between statements rather than behind or inside one."""


@dataclass(frozen=True)
class _Logical:
    """A line as the grammar sees it, which may span several lines of the file."""

    first: int
    last: int
    is_header: bool


@dataclass(frozen=True)
class _Note:
    """A `# ✗` comment with the lines that continue it."""

    first: int
    last: int
    column: int
    wrong: str
    why: str


@dataclass(frozen=True)
class _Edit:
    """Lines first … last of the file give way to others."""

    first: int
    last: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Solution:
    lines: tuple[str, ...]
    tree: ast.Module
    logical: tuple[_Logical, ...]
    notes: tuple[_Note, ...]
    spares: tuple[Function, ...]
    """The functions named `_` at the end."""
    kept: tuple[tuple[int, str], ...]
    """The reference's lines with their numbers in the file; 0 for a blank line."""

    def text(self, edit: _Edit | None = None) -> str:
        """Return the reference, or what an edit makes of it."""
        lines = [line for _, line in self.kept]
        if edit is not None:
            numbers = [number for number, _ in self.kept]
            lines[numbers.index(edit.first) : numbers.index(edit.last) + 1] = edit.lines
        return "".join(f"{line}\n" for line in lines)

    def spare_of(self, note: _Note) -> Function | None:
        """Return the function that a note stands right above, if it is named `_`."""
        spares = (spare for spare in self.spares if _first_line(spare) == note.last + 1)
        return next(spares, None)


def _read(source: str) -> _Solution:
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    lines = tuple(source.split("\n"))
    tree = _parse(source)
    comments, logical = _scan(source)
    notes = tuple(_notes(comments))
    spares = tuple(node for node in tree.body if isinstance(node, Function) and node.name == "_")
    _demand_order(tree, notes, spares)
    dropped = {line for note in notes for line in range(note.first, note.last + 1)}
    if spares:
        dropped.update(range(_section_start(tree, comments, spares), len(lines) + 1))
    headers = {line.last for line in logical if line.is_header}
    kept = tuple(_without(lines, dropped, headers))
    return _Solution(lines, tree, logical, notes, spares, kept)


def _parse(source: str) -> ast.Module:
    """Parse; whatever the parser cannot take is a SyntaxError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return syntax.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"the file cannot be parsed: {error}") from error


def _form(source: str) -> str:
    """Compile a source text and return what it means, apart from its layout."""
    tree = _parse(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            syntax.compile_tree(tree, "<solution>")
        return ast.dump(tree)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"the file cannot be compiled: {error}") from error


def _scan(source: str) -> tuple[tuple[_Comment, ...], tuple[_Logical, ...]]:
    """Return every real comment and every logical line."""
    layout = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    comments, logical = [], []
    first, last = 0, ""
    for token in _tokens(source):
        line, column = token.start
        if token.type == tokenize.COMMENT:
            comments.append(_Comment(line, column, token.string, alone=not first))
        elif token.type == tokenize.NEWLINE:
            if first:
                logical.append(_Logical(first, line, last == ":"))
            first = 0
        elif token.type not in layout:
            first, last = first or line, token.string
    return tuple(comments), tuple(logical)


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(source).readline))
    except tokenize.TokenError as error:
        raise SyntaxError(f"the file cannot be read: {error}") from error


def _notes(comments: Sequence[_Comment]) -> Iterator[_Note]:
    group: list[_Comment] = []
    for comment in comments:
        begins = comment.alone and comment.text.startswith(f"# {MARK} ")
        if MARK in comment.text.removeprefix(f"# {MARK} " if begins else ""):
            raise MistakeError(comment.line, _malformed(comment))
        if begins:
            if group:
                yield _note(group)
            group = [comment]
        elif group and _continues(comment, group[-1]):
            group.append(comment)
    if group:
        yield _note(group)


def _malformed(comment: _Comment) -> str:
    if not comment.alone:
        return (
            f"a `{MARK}` stands behind or inside a statement: "
            "move it to a line of its own, under the statement's end"
        )
    return f"a comment with a stray `{MARK}`: write `# {MARK} wrong — why`, one mistake each"


def _continues(comment: _Comment, above: _Comment) -> bool:
    place = (comment.line, comment.column) == (above.line + 1, above.column)
    return place and comment.alone and re.match(r"# {3,}\S", comment.text) is not None


def _note(group: Sequence[_Comment]) -> _Note:
    head, tail = group[0], group[-1]
    parts = [head.text.removeprefix(f"# {MARK} "), *(comment.text[1:] for comment in group[1:])]
    wrong, dash, why = f" {' '.join(part.strip() for part in parts)} ".partition(DASH)
    wrong, why = wrong.strip(), why.strip()
    if not dash:
        raise MistakeError(head.line, f"no `{DASH}` between wrong line and reason: add both")
    if not wrong:
        raise MistakeError(head.line, "nothing stands before the dash: write the wrong line there")
    if not why:
        raise MistakeError(head.line, "no reason after the dash: say the cause, then the cure")
    return _Note(head.line, tail.line, head.column, wrong, why)


def _demand_order(tree: ast.Module, notes: Sequence[_Note], spares: Sequence[Function]) -> None:
    """Refuse functions named `_` that are out of place, and mistakes inside or behind them."""
    if not spares:
        return
    if tuple(tree.body[-len(spares) :]) != tuple(spares):
        raise MistakeError(
            spares[0].lineno, "code follows a function `_`: move the function to the file's end"
        )
    places = {_first_line(spare) - 1 for spare in spares}
    headings = {note.last for note in notes if note.column == 0 and note.last in places}
    for spare in spares:
        if _first_line(spare) - 1 not in headings:
            raise MistakeError(
                spare.lineno,
                "a function `_` replaces nothing: write "
                f"`# {MARK} Class.method — why` right above it",
            )
    for note in notes:
        if note.first > _first_line(spares[0]) and (note.column or note.last not in headings):
            raise MistakeError(
                note.first,
                "a mistake in a function `_`, which is one itself: "
                "move it under a statement of the solution",
            )


def _section_start(
    tree: ast.Module, comments: Iterable[_Comment], spares: Sequence[Function]
) -> int:
    """Return the first line of the section of whole functions, with its heading if it has one."""
    code = tree.body[: -len(spares)]
    end = (code[-1].end_lineno or 0) if code else 0
    return next(c.line for c in comments if c.line > end and c.column == 0 and c.alone)


def _without(
    lines: Sequence[str], dropped: set[int], headers: set[int]
) -> Iterator[tuple[int, str]]:
    """Leave lines out, and of the blank lines around them as many as black wants."""
    above, before, blanks = 0, -1, 0  # the last line kept; blank lines above a gap and since
    for number, line in enumerate(lines, start=1):
        if number in dropped:
            before, blanks = max(before, blanks), 0
        elif not line.strip():
            blanks += 1
        else:
            if before >= 0:
                blanks = 0 if above in headers or not above else max(before, blanks)
            yield from [(0, "")] * blanks
            yield number, line
            above, before, blanks = number, -1, 0


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Block) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _edit(solution: _Solution, note: _Note) -> _Edit:
    spare = solution.spare_of(note)
    return _of_line(solution, note) if spare is None else _of_function(solution, note, spare)


def _of_line(solution: _Solution, note: _Note) -> _Edit:
    """Replace the statement, or the header, that a note stands under."""
    above = max(
        (line for line in solution.logical if line.last < note.first),
        key=lambda line: line.last,
        default=_Logical(0, 0, False),
    )
    if not _is_closed(note.wrong):
        raise MistakeError(
            note.first, "the wrong line stops in the middle: close its brackets and quotes"
        )
    if above.is_header and note.wrong.endswith(":"):
        header = solution.lines[above.first - 1]
        indent = header[: len(header) - len(header.lstrip())]
        return _Edit(above.first, above.last, (indent + note.wrong,))
    node = _statement(solution, above.last, note.column)
    if node is None:
        raise MistakeError(note.first, _homeless(above))
    if _shares_line(solution, node):
        raise MistakeError(
            note.first, "two statements share the line above: give each a line of its own"
        )
    indent = solution.lines[node.lineno - 1][: note.column]
    return _Edit(_first_line(node), above.last, (indent + note.wrong,))


def _is_closed(wrong: str) -> bool:
    """Tell whether a line stands on its own, so that it cannot swallow the next one."""
    try:
        _tokens(f"{wrong}\n")
    except SyntaxError:
        return False
    return True


def _statement(solution: _Solution, last: int, column: int) -> ast.stmt | None:
    """Return the statement that ends in a line and begins, first in its line, in a column."""
    for node in ast.walk(solution.tree):
        if not isinstance(node, ast.stmt) or node.end_lineno != last:
            continue
        if node.col_offset == column and not solution.lines[node.lineno - 1][:column].strip():
            return node
    return None


def _shares_line(solution: _Solution, node: ast.stmt) -> bool:
    line = solution.lines[(node.end_lineno or 0) - 1].encode()
    rest = line[node.end_col_offset :].strip()
    return bool(rest) and not rest.startswith(b"#")


def _homeless(above: _Logical) -> str:
    if above.is_header:
        return (
            "no statement ends right above, only a header: end the wrong line with a colon "
            "to replace that, or move the comment under a statement"
        )
    return (
        "no statement that starts in this column ends right above: "
        "indent the comment like the statement that it spoils"
    )


def _of_function(solution: _Solution, note: _Note, spare: Function) -> _Edit:
    """Replace the function that a note names by the function `_` under it."""
    target = _target(solution, note.wrong)
    if target is None:
        raise MistakeError(
            note.first,
            f"`{note.wrong}` is not exactly one function of this file: "
            "name it as `function` or `Class.method`",
        )
    lines = list(solution.lines)
    lines[spare.lineno - 1], n_named = re.subn(
        r"^((?:async\s+)?def\s+)_(?=\s*\()", rf"\g<1>{target.name}", lines[spare.lineno - 1]
    )
    if not n_named:
        raise MistakeError(spare.lineno, "cannot rename this function: write `def _(` on one line")
    indent = solution.lines[target.lineno - 1][: target.col_offset]
    verbatim = set(_inside_strings(spare))
    body = tuple(
        (
            lines[number - 1]
            if number in verbatim or not lines[number - 1].strip()
            else indent + lines[number - 1]
        )
        for number in range(_first_line(spare), (spare.end_lineno or 0) + 1)
    )
    return _Edit(_first_line(target), target.end_lineno or 0, body)


def _target(solution: _Solution, name: str) -> Function | None:
    body = [node for node in solution.tree.body if node not in solution.spares]
    found: Block | None = None
    for part in name.split("."):
        named = [node for node in body if isinstance(node, Block) and node.name == part]
        if len(named) != 1:
            return None
        found, body = named[0], named[0].body
    return found if isinstance(found, Function) else None


def _inside_strings(node: ast.AST) -> Iterator[int]:
    """Yield the lines that begin inside a string, where spaces would change its value."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant | ast.JoinedStr):
            yield from range(part.lineno + 1, (part.end_lineno or 0) + 1)


def _demand_new(note: _Note, changed: str, right: str, seen: dict[str, int]) -> None:
    """Refuse a mistake that does not compile, changes nothing or stands there twice."""
    try:
        form = _form(changed)
    except SyntaxError as error:
        raise MistakeError(
            note.first,
            f"the solution does not compile with this mistake ({error.msg}): "
            "write one statement, or a function `_` at the file's end",
        ) from error
    if form == right:
        raise MistakeError(
            note.first, "this is what the solution does anyway: write what goes wrong, or delete it"
        )
    if form in seen:
        raise MistakeError(
            note.first, f"the same mistake as in line {seen[form]}: delete one of them"
        )
    seen[form] = note.first
