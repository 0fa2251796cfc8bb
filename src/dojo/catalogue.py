"""The README's list of katas, generated between two comments."""

from __future__ import annotations

import re
from typing import Final

from dojo.suite import Suite

__all__ = ["is_current", "render", "update"]

BLOCK: Final = re.compile(r"(<!-- catalogue -->\n).*?(<!-- /catalogue -->)", re.DOTALL)


def render(suite: Suite) -> str:
    """Return the table of katas in teaching order, as Markdown."""
    lines = []
    for topic, entries in suite.topics().items():
        lines += [f"\n**{topic.replace('_', ' ')}**\n", "| kata | level | minutes | question |"]
        lines.append("| --- | --- | --- | --- |")
        for entry in entries:
            meta = entry.meta
            link = f"[{entry.name}](katas/{entry.id}.py)"
            lines.append(f"| {link} | {meta.level} | {meta.minutes} | {meta.asked} |")
    return "\n".join([*lines, "", ""])


def is_current(suite: Suite) -> bool:
    """Whether the README shows what there is."""
    text = (suite.root / "README.md").read_text(encoding="utf-8")
    found = BLOCK.search(text)
    return found is not None and _filled(text, suite) == text


def update(suite: Suite) -> bool:
    """Write the catalogue into the README; whether that changed it."""
    path = suite.root / "README.md"
    text = path.read_text(encoding="utf-8")
    filled = _filled(text, suite)
    if filled != text:
        path.write_text(filled, encoding="utf-8")
    return filled != text


def _filled(text: str, suite: Suite) -> str:
    return BLOCK.sub(lambda found: found[1] + render(suite) + found[2], text)
