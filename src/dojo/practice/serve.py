"""The process behind a notebook: reads answers as JSON, line by line, grades and records them."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.practice.page import verdict_html
from dojo.progress import ProgressError
from dojo.report import make_console, show_full
from dojo.suite import Suite
from dojo.translations import words
from dojo.trouble import Trouble
from dojo.workspace import keep, record_of

__all__ = ["answer", "run"]

WIDTH = 80


def run(root: str) -> None:
    """Answer requests until there are no more."""
    suite = Suite(Path(root))
    with Engine(closed=[suite.root]) as engine:
        grader = Grader(engine, suite.root / ".dojo" / "expected")
        for line in sys.stdin:
            try:
                found = answer(suite, grader, json.loads(line))
            except Trouble as error:
                found = {"trouble": str(error)}
            print(json.dumps(found), flush=True)


def answer(suite: Suite, grader: Grader, request: dict[str, Any]) -> dict[str, str]:
    """Grade the text of one kata and return the verdict, for a terminal and as HTML."""
    # What a grader says may have changed since: read it anew.
    suite = Suite(suite.root)
    entries = suite.find(request["kata"])
    if len(entries) != 1:
        raise Trouble(f"{request['kata']!r} is a topic: name one of its katas")
    (entry,) = entries
    source = request["source"].encode("utf-8", "replace")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{entry.name}.py"
        path.write_bytes(source)
        result = grader.grade(entry, path)
    said = words(entry, request["language"])
    stream = io.StringIO()
    console = make_console(stream)
    console.width = WIDTH
    show_full(console, entry, result, said)
    note = ""
    try:
        keep(record_of(suite), result, source, how="notebook")
    except ProgressError as error:  # costs a note, not the verdict
        note = f"not recorded: {error}"
        stream.write(f"{note}\n")
    html = verdict_html(entry, result, said, note)
    return {"verdict": str(result.verdict), "text": stream.getvalue().rstrip("\n"), "html": html}
