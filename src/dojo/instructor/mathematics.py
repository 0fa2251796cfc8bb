"""Turn the equations of a statement, which are plain text, into LaTeX.

Symbols keep their order and nothing is simplified. A product over one factor becomes a fraction;
where it is not certain what a division covers, the slash stays. What is no equation gives None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = ["equation", "equations"]

SYMBOLS: Final = {
    "−": "-",
    "·": r"\cdot",
    "×": r"\times",
    "⊙": r"\odot",
    "⊕": r"\oplus",
    "∘": r"\circ",
    "±": r"\pm",
    "←": r"\leftarrow",
    "→": r"\to",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "∝": r"\propto",
    "∈": r"\in",
    "∉": r"\notin",
    "∪": r"\cup",
    "∩": r"\cap",
    "∞": r"\infty",
    "∂": r"\partial",
    "∇": r"\nabla",
    "…": r"\dots",
    "~": r"\sim",
    "∼": r"\sim",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "‖": r"\Vert",
    "|": "|",
    "<": r"\lt",
    ">": r"\gt",
    "ℓ": r"\ell",
    "ᵀ": r"\top",
    "∏": r"\prod",
    "∑": r"\sum",
    "Σ": r"\sum",
    "Π": r"\prod",
}
AS_THEY_ARE: Final = frozenset("+-=,:;!'")
GREEK: Final = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)( SYMBOL)?$")
FUNCTIONS: Final = frozenset(
    {"arctan", "cos", "cosh", "det", "exp", "ln", "log", "max", "min", "sin", "sinh", "tan", "tanh"}
)
CAPITALS: Final = frozenset(
    {*("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")}
)
"""The other capital letters look like Latin ones, and LaTeX has no name for them."""
BIG: Final = frozenset({r"\sum", r"\prod"})
BIG_LETTERS: Final = ("Σ", "Π")
PRODUCTS: Final = frozenset({r"\cdot", r"\odot", r"\times"})
CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<name>[^\W\d_][\w\u2070-\u207e\u2080-\u208e]*(?:\.[^\W\d_]\w*)*)
    |(?P<power>\*\*|\^)
    |(?P<mark>.)""",
    re.VERBOSE,
)
LABEL: Final = re.compile(r'("[\w -]+"|[A-Za-z][\w -]*): +')
GAP: Final = re.compile(r",\s{2,}")
RELATION: Final = re.compile(r"\s(=|←)\s")


Sides = tuple[str, str]


class _NoEquation(Exception):
    """What is met cannot be written as mathematics."""


@dataclass(frozen=True)
class _Piece:
    """A part of a line in LaTeX: a factor, or an operator."""

    tex: str
    kind: str = "factor"
    """`factor`, `product`, `slash`, `big` for a sum's sign, `loose` for what separates terms."""


def equations(block: str) -> str | None:
    """Return an indented block of a statement as one display, or None if it holds no equations."""
    rows: list[tuple[str, Sides]] = []
    for line in block.strip("\n").splitlines():
        label = LABEL.match(line.strip())
        sides = _line(line.strip()[label.end() if label else 0 :])
        if sides is None:
            return None
        rows.append((_words(f"{label[1]}:") if label else "", sides))
    if not rows:
        return None
    labelled = any(label for label, _ in rows)
    if len(rows) == 1 and not labelled:
        return f"$$\n{' '.join(filter(None, rows[0][1]))}\n$$"
    lines = [
        (f"{label} & & " if labelled else "") + (f"{left} & {right}" if right else f"& {left}")
        for label, (left, right) in rows
    ]
    joined = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{joined}\n\\end{{aligned}}\n$$"


def equation(text: str) -> str | None:
    """Return one line as LaTeX, or None if it holds what is not mathematics."""
    sides = _line(text)
    return " ".join(filter(None, sides)) if sides else None


def _line(text: str) -> Sides | None:
    """Return a line as what stands before its first relation, and the rest with the relation."""
    first, *others = GAP.split(text)
    left, relation, right = _split(first)
    try:
        more = [_segment(part) for part in others]
        before = _side(left)
        after = f"{SYMBOLS.get(relation, relation)} {_side(right)}" if relation else ""
    except _NoEquation:
        return None
    return (before, r",\qquad ".join((after, *more))) if after or more else (before, "")


def _segment(text: str) -> str:
    left, relation, right = _split(text)
    sides = [_side(side) for side in (left, right) if side]
    return f" {SYMBOLS.get(relation, relation)} ".join(sides)


def _side(text: str) -> str:
    return _words(text) if _is_prose(text) else _formula(text)


def _split(text: str) -> tuple[str, str, str]:
    found = RELATION.search(text)
    if found is None:
        return text.strip(), "", ""
    return text[: found.start()].strip(), found[1], text[found.end() :].strip()


def _is_prose(text: str) -> bool:
    """Tell whether two words that are no functions stand side by side."""
    words = re.findall(r"[^\W\d_]\w*|\S", text)
    plain = [_is_word(word) for word in words]
    adjacent = any(one and other for one, other in pairwise(plain))
    return adjacent and bool(re.search(r"[^\W\d_]{2,} +[^\W\d_]{2,}", text))


def _is_word(token: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{2,}", token)) and token not in FUNCTIONS


def _words(text: str) -> str:
    safe = re.sub(r"([#$%&_{}])", r"\\\1", text.replace("\\", ""))
    return rf"\text{{{safe}}}"


def _formula(text: str) -> str:
    tokens = [(found.lastgroup or "", found[0]) for found in TOKEN.finditer(text)]
    reader = _Reader(tokens)
    tex = reader.read("")
    if reader.left():
        raise _NoEquation
    return tex


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        """Whether anything has not been read."""
        return self._at < len(self._tokens)

    def read(self, closing: str, *, flat: bool = False) -> str:
        """Read up to a closing bracket, or to the end; `flat` keeps every slash."""
        pieces: list[_Piece] = []
        while self.left():
            kind, text = self._tokens[self._at]
            if text == closing:
                self._at += 1
                return _joined(pieces, flat)
            if kind == "space":
                self._at += 1
            elif text == "/":
                pieces.append(_Piece("/", "slash" if self._spaced() else "loose"))
                self._at += 1
            elif kind == "mark" and (operator := _operator(text)):
                self._at += 1
                scripts = self._scripts() if operator.kind == "big" else ""
                pieces.append(_Piece(operator.tex + scripts, operator.kind))
            else:
                big = kind == "name" and text[0] in BIG_LETTERS
                pieces.append(_Piece(self._factor(), "big" if big else "factor"))
        if closing:
            raise _NoEquation
        return _joined(pieces, flat)

    def _spaced(self) -> bool:
        around = self._tokens[max(self._at - 1, 0)], self._next(1)
        return all(kind == "space" for kind, _ in around)

    def _next(self, ahead: int = 0) -> tuple[str, str]:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ("", "")

    def _factor(self) -> str:
        kind, text = self._next()
        self._at += 1
        if kind == "number":
            return text + self._scripts()
        if kind == "name":
            return self._name(text)
        if text == "√":
            return self._root()
        if text in CLOSING:
            return self._group(text) + self._scripts()
        if text and (symbol := _letter(text)):
            return symbol + self._scripts()
        raise _NoEquation

    def _name(self, text: str) -> str:
        word, below, above = _without_scripts(text)
        big = word in BIG_LETTERS
        tex = SYMBOLS[word] if big else _identifier(word, called=self._next()[1] == "(")
        tex += _scripts(below, above)
        if not big:
            while self._next()[1] in ("(", "["):
                opening = self._next()[1]
                self._at += 1
                tex += self._group(opening)
        return tex + self._scripts()

    def _group(self, opening: str) -> str:
        inside = self.read(CLOSING[opening])
        left, right = (r"\{", r"\}") if opening == "{" else (opening, CLOSING[opening])
        tall = r"\frac" in inside or r"\sum" in inside or r"\sqrt" in inside
        return rf"\left{left} {inside} \right{right}" if tall else f"{left}{inside}{right}"

    def _root(self) -> str:
        if self._next()[1] == "(":
            self._at += 1
            return rf"\sqrt{{{self.read(')')}}}" + self._scripts()
        return rf"\sqrt{{{self._factor()}}}"

    def _scripts(self) -> str:
        """Read what is written above or below: small letters, primes, an exponent."""
        below = above = ""
        while self.left():
            kind, text = self._next()
            small = _small(text[0]) if text else None
            if kind == "power":
                self._at += 1
                above += self._exponent()
            elif kind in ("mark", "name") and small and all(map(_small, text)):
                self._at += 1
                _, more_below, more_above = _without_scripts(text)
                below, above = below + more_below, above + more_above
            elif text == "'":
                self._at += 1
                above += r"\prime"
            else:
                break
        return _scripts(below, above)

    def _exponent(self) -> str:
        if self._next()[1] == "(":
            self._at += 1
            return self.read(")", flat=True)
        return self._factor()


def _operator(text: str) -> _Piece | None:
    tex = SYMBOLS.get(text, text if text in AS_THEY_ARE and text != "'" else "")
    if not tex or text in "∞∂∇ℓ…ᵀ":
        return None
    if tex in BIG:
        return _Piece(tex, "big")
    return _Piece(tex, "product" if tex in PRODUCTS else "loose")


def _joined(pieces: Sequence[_Piece], flat: bool) -> str:
    """Join terms; in each, what stands before a slash and after it may become a fraction."""
    out: list[str] = []
    term: list[_Piece] = []
    for piece in (*pieces, _Piece("", "loose")):
        if piece.kind != "loose":
            term.append(piece)
            continue
        out += [_term(term, flat)] if term else []
        out += [piece.tex] if piece.tex else []
        term = []
    return " ".join(out)


def _term(term: Sequence[_Piece], flat: bool) -> str:
    slashes = [index for index, piece in enumerate(term) if piece.kind == "slash"]
    if len(slashes) == 1 and not flat:
        above, rest = term[: slashes[0]], term[slashes[0] + 1 :]
        if below := _denominator(rest):
            after = rest[len(below) :]
            fraction = rf"\frac{{{_row(_bare(above))}}}{{{_row(_bare(below))}}}"
            return " ".join(filter(None, (fraction, _row(after))))
    return _row(term)


def _bare(pieces: Sequence[_Piece]) -> Sequence[_Piece]:
    """Take the brackets from what stands alone above or below a line."""
    inside = re.fullmatch(r"\(([^()]*)\)", pieces[0].tex) if len(pieces) == 1 else None
    return [_Piece(inside[1])] if inside else pieces


def _denominator(rest: Sequence[_Piece]) -> Sequence[_Piece]:
    """Return what a slash divides by, or nothing where a reader could differ about it."""
    if not rest:
        return ()
    if rest[0].kind == "big":
        return rest if all(piece.kind != "product" for piece in rest) else ()
    if rest[0].kind == "factor" and (len(rest) == 1 or rest[1].kind == "product"):
        return rest[:1]
    return ()


def _row(pieces: Sequence[_Piece]) -> str:
    """Join the factors of a term, with a little space beside a factor that is a word."""
    out = ""
    for index, piece in enumerate(pieces):
        if index:
            words = r"\mathrm" in pieces[index - 1].tex + piece.tex
            beside = {pieces[index - 1].kind, piece.kind} == {"factor"}
            after_function = pieces[index - 1].tex.endswith(" ")
            out += r" \, " if words and beside and not after_function else " "
        out += piece.tex.strip()
    return out


def _identifier(name: str, *, called: bool) -> str:
    if name in FUNCTIONS:
        return rf"\{name}" + ("" if called else " ")
    head, _, tail = name.partition("_")
    if tail and (len(head) == 1 or len(tail) == 1 or tail.isdigit()):
        word = tail if tail.isdigit() or len(tail) == 1 else rf"\mathrm{{{_escaped(tail)}}}"
        return f"{_identifier(head, called=False)}_{{{word}}}"
    if len(name) == 1:
        return _letter(name)
    if called:
        return rf"\operatorname{{{_escaped(name)}}}"
    if not name.isascii():
        return "".join(map(_letter, name))
    if name[0].isdigit():
        raise _NoEquation
    return rf"\mathrm{{{_escaped(name)}}}"


def _escaped(name: str) -> str:
    if not name.isascii():
        raise _NoEquation
    return name.replace("_", r"\_")


def _letter(char: str) -> str:
    """Return one symbol that is a factor."""
    if char.isascii() and char.isalpha():
        return char
    if char in SYMBOLS:
        return SYMBOLS[char]
    greek = GREEK.match(unicodedata.name(char, ""))
    if not greek:
        raise _NoEquation
    name = {"LAMDA": "LAMBDA"}.get(greek[2], greek[2]).lower()
    if name == "omicron" or greek[3]:
        raise _NoEquation
    if greek[1] == "CAPITAL":
        if name not in CAPITALS:
            raise _NoEquation
        return f"\\{name.capitalize()} "
    return f"\\{name} "


def _small(char: str) -> str:
    """Return `below` or `above` for a character that is a script, else nothing."""
    how = unicodedata.decomposition(char).partition(" ")[0]
    return {"<sub>": "below", "<super>": "above"}.get(how, "")


def _without_scripts(text: str) -> tuple[str, str, str]:
    """Split a name from the small characters behind it, which are written large."""
    base = text.rstrip("".join(char for char in text if _small(char)))
    below = above = ""
    for char in text[len(base) :]:
        large = r"\top" if char == "ᵀ" else unicodedata.normalize("NFKC", char)
        large = large.replace("−", "-")
        if not large.startswith("\\") and not large.isascii():
            large = _letter(large)
        if _small(char) == "below":
            below += large
        else:
            above += large
    return base, below, above


def _scripts(below: str, above: str) -> str:
    return (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
