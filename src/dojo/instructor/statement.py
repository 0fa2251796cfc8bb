"""A statement for a notebook: Markdown with its equations in LaTeX, and its examples apart."""

from __future__ import annotations

import doctest
import re
from textwrap import indent

from dojo.instructor.mathematics import equations

__all__ = ["examples", "markdown"]


def markdown(statement: str) -> str:
    """Return a statement as Markdown, without its title and the examples that stand in a cell."""
    _, _, body = statement.partition("\n\n")
    blocks = re.split(r"\n{2,}", body.strip("\n"))
    return "\n\n".join(_block(block) for block in blocks if not block.startswith(">>> "))


def examples(statement: str) -> str:
    """Return all examples in a form that doctest takes, or an empty text."""
    found = doctest.DocTestParser().get_examples(statement)
    return "".join(f"{_prompted(example.source)}{example.want}" for example in found)


def _prompted(source: str) -> str:
    first, *rest = source.splitlines(keepends=True)
    return "".join((f">>> {first}", *(f"... {line}" for line in rest)))


def _block(block: str) -> str:
    if all(line.startswith("    ") for line in block.split("\n")):
        return _indented(block)
    return "\n".join(map(_line, block.split("\n")))


def _indented(block: str) -> str:
    """Write an indented block as equations if it is some, else as it stands.

    What is indented further than four columns belongs to the list item above it.
    """
    lines = block.split("\n")
    depth = min(len(line) - len(line.lstrip()) for line in lines)
    plain = "\n".join(line[depth:] for line in lines)
    is_code = ">>> " in block or "`" in block
    tex = None if is_code else equations(plain)
    fence = f"```{'python' if '>>> ' in block else 'text'}\n{plain}\n```"
    return indent(tex or fence, " " * (depth - 4))


def _line(line: str) -> str:
    """Keep what Markdown would take for markup as it is, except code, lists and their numbers."""
    start = re.match(r"\s*(?:[-*] +|\d+\. +)?", line)
    head = start[0] if start else ""
    parts = re.split(r"(`[^`]*`)", line[len(head) :])
    body = "".join(part if part.startswith("`") else _plain(part) for part in parts)
    return head + (f"\\{body}" if re.match(r"[#+>=]|-(?!\d)", body) else body)


def _plain(text: str) -> str:
    text = re.sub(r"([*_$|~])", r"\\\1", text.replace("\\", "\\\\"))
    return text.replace("&", "&amp;").replace("<", "&lt;")
