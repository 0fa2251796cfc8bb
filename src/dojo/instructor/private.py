"""What students must not see, line by line: solutions, mistakes, cases, hints, follow-ups."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from dojo import syntax
from dojo.mistakes import MistakeError
from dojo.stubs import StubError, derive
from dojo.suite import Entry, GraderError, Suite
from dojo.workspace import is_pristine

__all__ = ["Private", "normal", "private_of"]

LONG: Final = 16
"""From so many characters, spaces not counted, a line is recognised inside other text."""
SHORT: Final = 8
"""From so many a line is recognised where it stands alone; below it says nothing."""
PUBLIC_METADATA: Final = frozenset(
    {"minutes", "level", "asked", "asked_zh", "source", "needs", "forbids", "allows", "only"}
)
QUOTES: Final = str.maketrans("'", '"')
TRIVIAL: Final = re.compile(r"return \w+|self\.\w+ = \w+|[\w.]+")
"""Lines that everybody writes, and names alone."""
SPACE: Final = re.compile(r"\s+")

Line = tuple[str, str, bool]
"""What it belongs to, how it is written, and whether it is code, which may be shorter."""


def normal(text: str) -> str:
    """Return text without what layout changes: white space, and the kind of quotes."""
    return SPACE.sub("", text).translate(QUOTES)


@dataclass(frozen=True)
class Private:
    """Private lines in normal form, each with what it is and how it is written."""

    long: dict[str, list[str]] = field(default_factory=dict, repr=False)
    """Lines by their first characters."""
    short: dict[str, str] = field(default_factory=dict, repr=False)
    labels: dict[str, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def inside(self, text: str) -> Iterator[str]:
        """Yield the long lines that a text in normal form holds."""
        for start in range(len(text) - LONG + 1):
            for line in self.long.get(text[start : start + LONG], ()):
                if text.startswith(line, start):
                    yield line

    def alone(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the short lines among lines in normal form."""
        yield from (line for line in lines if line in self.short)


def private_of(suite: Suite) -> Private:
    """Collect what is private in a suite; what stands in any stub is public."""
    stubs: list[str] = []
    found: dict[str, str] = {}
    for entry in suite.entries:
        stubs += [_stub(entry), _statement(entry)]
        for what, line, is_code in chain(*(read(entry) for read in READERS)):
            key = normal(line)
            if len(key) >= (SHORT if is_code else LONG) and not TRIVIAL.fullmatch(line.strip()):
                found.setdefault(key, f"{what} {entry.id}: {line.strip()}")
    public = "\0".join(map(normal, stubs))
    private = _index(found)
    shown = {*private.inside(public), *(line for line in private.short if line in public)}
    return _index({line: label for line, label in private.labels.items() if line not in shown})


def _index(labels: dict[str, str]) -> Private:
    private = Private(labels=labels)
    for line, label in labels.items():
        if len(line) >= LONG:
            private.long.setdefault(line[:LONG], []).append(line)
        else:
            private.short[line] = label
    return private


def _stub(entry: Entry) -> str:
    """Return a kata's stub, from the solution only where katas/ has something else."""
    if is_pristine(entry):
        return entry.stub.read_text(encoding="utf-8")
    try:
        return derive(entry.solution.read_text(encoding="utf-8"))
    except (MistakeError, StubError, SyntaxError):
        return ""  # There is no stub that could be released, so all of it is private.


def _statement(entry: Entry) -> str:
    """Return a kata's statement, which its stub may not have yet."""
    try:
        return entry.statement
    except GraderError:
        return ""


def _of_solution(entry: Entry) -> Iterator[Line]:
    lines = entry.solution.read_text(encoding="utf-8").splitlines()
    for line in lines:
        yield from _of_line("solution of", line)
    for prose in _comments(lines):
        wrong, dash, why = prose.partition(" — ")
        if dash:
            yield "mistake of", wrong, True
        for sentence in _sentences(why if dash else prose):
            yield "mistake of", sentence, False


def _of_line(what: str, line: str) -> Iterator[Line]:
    """Yield a line of code, and what is left of it without its comment."""
    line = line.strip()
    if line.startswith("#"):
        yield from ((what, part, False) for part in line.lstrip("#✗ ").split(" — "))
    elif not line.startswith(("import ", "from ")):
        code = line.partition("  #")[0]
        yield what, line, True
        yield what, code, True


def _comments(lines: Iterable[str]) -> Iterator[str]:
    """Yield comments without their marks, each with the lines that continue it."""
    comment = ""
    for line in (*lines, ""):
        text = line.strip()
        if comment and not text.startswith("#   "):
            yield comment
            comment = ""
        if text.startswith("#"):
            comment = f"{comment} {text.lstrip('#✗ ')}".strip()


def _sentences(text: str) -> Iterator[str]:
    yield text
    yield from re.split(r"(?<=[.?!:;])\s+", text)


def _of_grader(entry: Entry) -> Iterator[Line]:
    lines = entry.grader.read_text(encoding="utf-8").splitlines()
    try:
        tree = syntax.parse("\n".join(lines))
        titles = {case.title for case in entry.cases}
    except (GraderError, SyntaxError, ValueError):
        for line in lines:
            yield from _of_line("grader of", line)
        return
    for node in tree.body:
        call = getattr(node, "value", None)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Kata":
            yield from _of_metadata(call)
        elif not (isinstance(node, ast.Import | ast.ImportFrom) or _is_text(node)):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            for line in lines[first - 1 : node.end_lineno]:
                if line.strip(' "') not in titles:
                    yield from _of_line("case of", line)


def _of_translations(entry: Entry) -> Iterator[Line]:
    for path in sorted(entry.root.glob(f"translations/*/{entry.id}.toml")):
        for section in tomllib.loads(path.read_text(encoding="utf-8")).values():
            for text in section.values() if isinstance(section, dict) else ():
                for sentence in (text, *re.split(r"(?<=[。？！：；])", text)):
                    yield "hint or mistake of", sentence, False


READERS: Final = (_of_solution, _of_grader, _of_translations)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_metadata(call: ast.Call) -> Iterator[Line]:
    for keyword in call.keywords:
        if keyword.arg not in PUBLIC_METADATA:
            for node in ast.walk(keyword.value):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    what = "hint of" if keyword.arg == "hints" else f"{keyword.arg} of"
                    yield from ((what, part, False) for part in _sentences(node.value))
