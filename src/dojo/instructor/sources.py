"""Find the answers to katas in files: Python files and notebooks, named well or badly.

Everything here reads text; nothing of it runs.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dojo import syntax
from dojo.grade import MAX_SOURCE
from dojo.instructor.notebook import read, text_of
from dojo.instructor.unpack import Unreadable
from dojo.instructor.versions import Stamp, read_stamp

__all__ = [
    "Allowance",
    "Answer",
    "Wanted",
    "answers",
    "decode_text",
    "is_magic",
    "without_magics",
]

ENCODINGS: Final = frozenset(
    {
        *("ascii", "utf-8", "utf-8-sig", "iso-8859-1", "iso8859-15", "cp1252", "cp1251", "koi8-r"),
        *("gbk", "gb2312", "gb18030", "big5", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"),
        *("iso8859-2", "cp1250", "mac-roman"),
    }
)
"""What a `coding:` line may name: character sets, and no codec that rewrites code."""
MAX_CELLS: Final = 2_000
MAX_CODE: Final = 4 * MAX_SOURCE
"""Characters of code that are looked at for one student."""
DROPPED: Final = frozenset({"%%time", "%%timeit", "%%capture", "%%prun"})
"""Cell magics below which there is ordinary Python."""
CELL_MAGIC: Final = re.compile(r"\s*(%%\S*).*\n?")
LINE_MAGIC: Final = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)


@dataclass(frozen=True)
class Wanted:
    """One kata to look for."""

    kata: str
    names: tuple[str, ...]
    """What its stub defines at the top level."""

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.kata.rpartition("/")[2]


@dataclass(frozen=True)
class Answer:
    """A text that may be the answer to a kata."""

    kata: str
    text: str
    sure: int
    """How it was recognised: 3 by its stamp or grade_id, 2 by the file's name, 1 by definitions."""
    version: str | None = None
    remarks: tuple[str, ...] = ()
    """What the student should know about how it was read."""


class Allowance:
    """How much code of one student is still looked at: the others want to be graded too."""

    def __init__(self, left: int = MAX_CODE) -> None:
        self._left = left

    def take(self, size: int) -> None:
        """Count characters; Unreadable where they are too many at once, or with those before."""
        _measured(size)
        if size > self._left:
            raise Unreadable("was not looked at: it is too much code in all")
        self._left -= size


def decode_text(data: bytes) -> str:
    """Return the text of a Python file as Python would read it; Unreadable says what is wrong."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _checked(_decoded(data, encoding))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    if encoding not in ENCODINGS:
        raise Unreadable(f"declares the encoding {encoding[:20]}: save it as UTF-8")
    return _checked(_decoded(data, encoding))


def answers(
    name: str,
    data: bytes,
    wanted: Sequence[Wanted],
    assignment: str,
    allowance: Allowance | None = None,
) -> Iterator[Answer]:
    """Yield what a file says to each kata; Unreadable where it cannot be read."""
    allowance = allowance or Allowance()
    if name.lower().endswith(".ipynb"):
        yield from _in_notebook(name, data, wanted, assignment, allowance)
        return
    _measured(len(data))  # before anything is made of it
    text = decode_text(data)
    stamp = _own_stamp(text, wanted, assignment)
    defined = _defined(text)
    found = {kata.kata: _recognise(name, defined, kata, stamp) for kata in wanted}
    if any(found.values()):  # what is no answer is not kept
        allowance.take(len(text))
    for kata, sure in found.items():
        if sure:
            yield Answer(kata, text, sure, stamp.version if stamp else None)


def _measured(size: int) -> None:
    if size > MAX_SOURCE:
        raise Unreadable(f"holds more than {MAX_SOURCE // 2**20} MiB of code")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(
            f"is not {encoding.upper()}: line {line} has the byte 0x{data[error.start]:02x}; "
            "save it as UTF-8"
        ) from None


def _checked(text: str) -> str:
    if "\0" in text:
        raise Unreadable("holds a NUL character")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _own_stamp(text: str, wanted: Sequence[Wanted], assignment: str) -> Stamp | None:
    stamp = read_stamp(text)
    if stamp is None:
        return None
    if stamp.assignment != assignment:
        raise Unreadable(f"belongs to the assignment {stamp.assignment[:40]}")
    return stamp if stamp.kata in {kata.kata for kata in wanted} else None


def _recognise(name: str, defined: frozenset[str], kata: Wanted, stamp: Stamp | None) -> int:
    if stamp is not None and stamp.kata == kata.kata:
        return 3
    others = stamp is not None  # stamped as another kata: a definition there is a helper's
    if not others and _is_named(name, kata):
        return 2
    return 1 if not others and any(wanted in defined for wanted in kata.names) else 0


def _is_named(name: str, kata: Wanted) -> bool:
    """Whether a file is called like a kata, or was before it was copied or handed in again."""
    stem = re.sub(r"\.(py|ipynb)$", "", name, flags=re.IGNORECASE)
    stem = re.sub(r"( ?\(\d+\)|-\d+| copy( \d+)?| - copy)+$", "", stem, flags=re.IGNORECASE)
    return _bare(stem) in (_bare(kata.name), _bare(kata.kata))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _defined(text: str) -> frozenset[str]:
    """Return the names that a text defines at its top level, also where it does not parse."""
    found = re.findall(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", text, re.MULTILINE)
    assigned = re.findall(r"^(\w+)[ \t]*(?::[^=\n]+)?=[^=]", text, re.MULTILINE)
    return frozenset((*found, *assigned))


# --- notebooks ------------------------------------------------------------------------------------


def _in_notebook(
    name: str,
    data: bytes,
    wanted: Sequence[Wanted],
    assignment: str,
    allowance: Allowance,
) -> Iterator[Answer]:
    """Yield answers from the cells that were released for them, else by what cells define."""
    notebook = _parsed(data)
    found = read(notebook, [kata.kata for kata in wanted])
    cells: _Cells | None = None
    for kata in wanted:
        if kata.kata in found.sources:
            allowance.take(len(found.sources[kata.kata]))
            text = without_magics(found.sources[kata.kata])
            yield Answer(kata.kata, text, 3, found.version, found.remarks[kata.kata])
            continue
        cells = _Cells.of(notebook, assignment, allowance) if cells is None else cells
        if kata.kata in cells.stamped:
            text, version = cells.stamped[kata.kata]
            yield Answer(kata.kata, text, 3, version)
        elif _is_named(name, kata) or not cells.defined.isdisjoint(kata.names):
            text = _gathered(kata.names, cells)
            allowance.take(len(text))
            yield Answer(kata.kata, text, 1, found.version)


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8: save the notebook again with Jupyter") from None
    except (ValueError, RecursionError):
        raise Unreadable("is not a notebook, or is damaged: save it again with Jupyter") from None


@dataclass(frozen=True)
class _Cells:
    """The code cells of a notebook as Python, and what they hold: read once for all katas."""

    texts: tuple[str, ...]
    stamped: Mapping[str, tuple[str, str]]
    """The last text that is stamped as a kata, and the version that it says."""
    defined: frozenset[str]

    @classmethod
    def of(cls, notebook: object, assignment: str, allowance: Allowance) -> _Cells:
        """Read a notebook; Unreadable where it is none."""
        raw = list(_code(notebook))
        if len(raw) > MAX_CELLS:
            raise Unreadable(f"has more than {MAX_CELLS} cells")
        allowance.take(sum(map(len, raw)))
        texts = tuple(map(without_magics, raw))
        stamps = ((text, read_stamp(text)) for text in texts)
        stamped = {s.kata: (t, s.version) for t, s in stamps if s and s.assignment == assignment}
        return cls(texts, stamped, frozenset().union(*map(_defined, texts)))

    @cached_property
    def pool(self) -> tuple[_Statement, ...]:
        """The statements that bind a name."""
        return tuple(_statements(self.texts))


def _code(notebook: object) -> Iterator[str]:
    """Yield the text of every code cell, of whatever version of the format."""
    sheets = notebook.get("worksheets") if isinstance(notebook, dict) else None
    for holder in sheets if isinstance(sheets, list) else [notebook]:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        if not isinstance(cells, list):
            raise Unreadable("is not a notebook: it has no cells")
        for cell in cells:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                text = text_of(cell if "source" in cell else {"source": cell.get("input")})
                # Lines as Python counts them.
                yield text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def without_magics(text: str) -> str:
    """Return a cell without what only a notebook understands; Python stays as it is."""
    place = 0
    while magic := CELL_MAGIC.match(text, place):
        if magic[1] not in DROPPED:
            return ""
        place = magic.end()
    text = text[place:]
    if len(text) > MAX_SOURCE or not LINE_MAGIC.search(text) or _tree(text) is not None:
        return text
    return "\n".join(map(_without_magic, text.split("\n")))


def is_magic(line: str) -> bool:
    """Whether a line is one that only a notebook understands."""
    bare = line.strip()
    return bool(re.match(r"[%!?]|[\w.]+\s*=\s*[%!]", bare) or re.fullmatch(r"[\w.]+\?\??", bare))


def _without_magic(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass" if is_magic(line) else line


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return syntax.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _gathered(names: Sequence[str], cells: _Cells) -> str:
    """Return the definitions of some names, with everything at the top level that they use.

    Where no cell that defines them parses, the last of them is the answer, as it is.
    """
    if not any(set(names) & s.names for s in cells.pool):
        broken = [text for text in cells.texts if set(names) & _defined(text)]
        return broken[-1] if broken else "\n\n".join(cells.texts)
    needed = _closure(frozenset(names), cells.pool)
    return "\n".join(s.text for s in cells.pool if s.names & needed) + "\n"


@dataclass(frozen=True)
class _Statement:
    text: str
    names: frozenset[str]
    """What it binds, or changes an attribute of."""
    used: frozenset[str]


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Binding = Definition | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.AugAssign


def _statements(cells: Sequence[str]) -> list[_Statement]:
    """Return the statements of all cells that bind a name, in order."""
    found = []
    for text in cells:
        tree = _tree(text)
        lines = text.encode().split(b"\n")
        nodes = [node for node in (tree.body if tree else ()) if isinstance(node, Binding)]
        found += [_Statement(_segment(lines, n), _bound([n]), _used([n])) for n in nodes]
    return found


def _segment(lines: Sequence[bytes], node: Binding) -> str:
    """Return the text of a top-level statement, decorators included; columns count bytes."""
    first, start = node.lineno, node.col_offset
    if isinstance(node, Definition) and node.decorator_list:
        first, start = min(d.lineno for d in node.decorator_list), 0
    assert node.end_lineno is not None
    kept = lines[first - 1 : node.end_lineno]
    if len(kept) == 1:  # a line may hold many statements, and none of them is copied twice
        return kept[0][start : node.end_col_offset].decode()
    return b"\n".join((kept[0][start:], *kept[1:-1], kept[-1][: node.end_col_offset])).decode()


def _bound(body: Iterable[ast.stmt]) -> frozenset[str]:
    names: set[str] = set()
    for node in body:
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.Assign):
            names |= {root for target in node.targets for root in _roots(target)}
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            names |= set(_roots(node.target))
    return frozenset(names)


def _roots(target: ast.expr) -> Iterator[str]:
    """Yield the names that an assignment changes: those at the bottom of attributes too."""
    left = [target]
    while left:
        one = left.pop()
        if isinstance(one, ast.Tuple | ast.List):
            left += one.elts
        elif isinstance(one, ast.Starred | ast.Attribute | ast.Subscript):
            left.append(one.value)
        elif isinstance(one, ast.Name):
            yield one.id


def _used(body: Iterable[ast.stmt]) -> frozenset[str]:
    names: set[str] = set()
    for node in (n for top in body for n in ast.walk(top)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {node.value} if node.value.isidentifier() else set()
    return frozenset(names)


def _closure(names: frozenset[str], pool: Sequence[_Statement]) -> frozenset[str]:
    """Return names with all that their definitions use, and theirs."""
    binding: dict[str, list[int]] = {}
    for index, statement in enumerate(pool):
        for name in statement.names:
            binding.setdefault(name, []).append(index)
    needed: set[str] = set()
    done: set[int] = set()
    # Star imports bind who knows what, and `from __future__ import annotations` changes all.
    left = [*names, *(name for name in ("*", "annotations") if name in binding)]
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            for index in set(binding.get(name, ())) - done:
                done.add(index)
                left += pool[index].used | pool[index].names
    return frozenset(needed)
