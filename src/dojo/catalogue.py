"""The README's list of katas, generated between two comments."""

from __future__ import annotations

import re
from typing import Final

from dojo.suite import Suite
from dojo.trouble import Trouble

__all__ = ["NoCatalogue", "is_current", "render", "update"]

BLOCK: Final = re.compile(r"(<!-- catalogue -->\n).*?(<!-- /catalogue -->)", re.DOTALL)


class NoCatalogue(Trouble):
    """A README without a place for the catalogue; the message says how to make one."""


def render(suite: Suite) -> str:
    """Return the table of katas in teaching order, as Markdown."""
    lines = []
    for topic, entries in suite.topics().items():
        lines += [f"\n**{topic.replace('_', ' ')}**\n", "| kata | level | minutes | question |"]
        lines.append("| --- | --- | --- | --- |")
        for entry in entries:
            meta = entry.meta
            link = f"[{entry.name}](katas/{entry.id}.py)"
            asked = meta.asked.replace("|", "\\|")
            lines.append(f"| {link} | {meta.level} | {meta.minutes} | {asked} |")
    return "\n".join([*lines, "", ""])


def is_current(suite: Suite) -> bool:
    """Whether the README shows what there is."""
    try:
        text = _read(suite)
    except NoCatalogue:
        return False
    return _filled(text, suite) == text


def update(suite: Suite) -> bool:
    """Write the catalogue into the README; whether that changed it."""
    text = _read(suite)
    filled = _filled(text, suite)
    if filled != text:
        (suite.root / "README.md").write_text(filled, encoding="utf-8")
    return filled != text


def _read(suite: Suite) -> str:
    path = suite.root / "README.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not BLOCK.search(text):
        raise NoCatalogue(
            "README.md has no place for the catalogue: write the two lines "
            "`<!-- catalogue -->` and `<!-- /catalogue -->` where it belongs"
        )
    return text


def _filled(text: str, suite: Suite) -> str:
    return BLOCK.sub(lambda found: found[1] + render(suite) + found[2], text)
