"""A small course of real katas, for tests of what instructors do."""

from __future__ import annotations

import shutil
from pathlib import Path

from dojo.instructor.assignment import Assignment, load
from dojo.instructor.begin import begin
from dojo.suite import Suite

__all__ = ["KATAS", "ROOT", "make_course", "right"]

ROOT = Path(__file__).resolve().parent.parent
KATAS = ("basics/softmax", "bandits/ucb1", "recurrent/lstm_cell")


def make_course(root: Path, katas: tuple[str, ...] = KATAS, name: str = "hw1") -> Assignment:
    """Copy katas into a suite of their own and begin an assignment with all of them."""
    for kata in katas:
        for tree in ("katas", "solutions", "graders"):
            copy = root / tree / f"{kata}.py"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / tree / f"{kata}.py", copy)
    shutil.copyfile(ROOT / "katas" / "SHA256SUMS", root / "katas" / "SHA256SUMS")
    suite = Suite(root)
    begin(suite, name, katas, title="Homework one")
    return load(suite, name)


def right(kata: str) -> str:
    """Return a right answer to a kata."""
    from dojo.mistakes import reference

    return reference((ROOT / "solutions" / f"{kata}.py").read_text(encoding="utf-8"))
