"""Write the table of attacks into docs/security.md: `python -m attacks.table`, in tests/."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from attacks.drive import ROOT, attacks

__all__ = ["PAGE", "table", "written"]

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- attacks -->", "<!-- /attacks -->"


def table() -> str:
    """Return the attacks by the defence that stops them, the busiest first."""
    found = attacks()
    busiest = Counter(attack.notes["stopped by"] for attack in found)
    proved = sum("without it" in attack.notes for attack in found)
    lines = [
        f"{len(found)} attacks; {proved} of them are tried again with their defence switched off, and "
        "succeed.",
        "",
        "| stopped by | attacks |",
        "| --- | --- |",
    ]
    for defence, _ in sorted(busiest.items(), key=lambda item: (-item[1], item[0])):
        names = [a.name.replace("_", " ") for a in found if a.notes["stopped by"] == defence]
        lines.append(f"| {defence} | {', '.join(names)} |")
    return "\n".join(lines)


def written(page: str) -> str:
    """Return a page with the table as it is now."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place for the table: {BEGIN} … {END}")
    return pattern.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", page)


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    Path(PAGE).write_text(written(text), encoding="utf-8")
