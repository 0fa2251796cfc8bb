"""The chapter on nbgrader in docs/instructor.md does what it says, command by command."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path

from classroom import clean_path, environment
from course import ROOT

KATAS = ("basics/softmax", "attention/scaled_dot_product", "bandits/ucb1")
DOCS = ROOT / "docs" / "instructor.md"


def commands() -> str:
    """Return the marked blocks of the page, as one script."""
    marked = re.compile(r"^<!-- walk-through -->\n```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
    blocks = marked.findall(DOCS.read_text(encoding="utf-8"))
    assert len(blocks) == 4
    return "\n".join(blocks)


def test_every_command_of_the_walk_through_works(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for kata in KATAS:
        for tree in ("katas", "solutions", "graders"):
            copy = clone / tree / f"{kata}.py"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / tree / f"{kata}.py", copy)
    shutil.copyfile(ROOT / "katas" / "SHA256SUMS", clone / "katas" / "SHA256SUMS")
    env = {**os.environ, **environment(tmp_path / "home"), "PATH": clean_path()}
    env.pop("DOJO_ROOT", None)
    done = subprocess.run(
        ["bash", "-ex", "-o", "pipefail", "-c", commands()],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = done.stdout + done.stderr
    assert 0 == done.returncode, said[-4000:]
    assert "Traceback" not in said and "SAWarning" not in said
    with (clone / "course" / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert {"ada_1", "ben_2", "eve_3"} == scores.keys()
    assert (15.0, 0.0) == (scores["ada_1"], scores["eve_3"])
    assert 5 < scores["ben_2"] < 7
    page = clone / "course" / "feedback" / "ben_2" / "hw1" / "hw1.html"
    assert "divide by √d" in page.read_text(encoding="utf-8")
