"""Release as a template repository for GitHub Classroom: a first commit and a workflow.

Students get all that such a repository holds, its history included. So there is nothing in it that
would have to be hidden: the workflow runs the self-check, and the cases that count run on the
instructor's machine, over clones.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.handout import filenames, write_handout
from dojo.instructor.release import ReleaseError, Target

__all__ = ["TARGET"]

WORKFLOW: Final = """\
# Runs the self-check on every push: names, signatures and the examples of the statements.
# It gives no points: whoever can push can change this file, and all that it could use.
name: self-check
on: [push, workflow_dispatch]
permissions:
  contents: read
jobs:
  self-check:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: python -m pip install numpy=={numpy} torch=={torch}
      - run: python check.py
"""

NOTE: Final = {
    "en": """\
## What is graded here, and what is not

On every push GitHub runs `python check.py` and shows a green or a red mark. The mark is no grade:
the repository holds names, signatures and examples only. What counts are other cases, which are in
no repository of yours. Your instructor runs them on what you have pushed by the due date.
""",
    "zh": """\
## 这里检查什么，不检查什么

每次 push 后，GitHub 会运行 `python check.py`，并显示绿色或红色的标记。
这个标记不是成绩：本仓库里只有名称、签名和示例。
计分用的是另外的测试，它们不在你的任何仓库里；
教师会在截止时间之后，对你已经 push 的内容运行这些测试。
""",
}
IGNORED: Final = "__pycache__/\n*.pyc\n.venv/\n.ipynb_checkpoints/\n"
NOBODY: Final = {
    "GIT_AUTHOR_NAME": "dojo",
    "GIT_AUTHOR_EMAIL": "dojo@localhost",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00+00:00",
    "GIT_COMMITTER_NAME": "dojo",
    "GIT_COMMITTER_EMAIL": "dojo@localhost",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00+00:00",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""No setting of the instructor's goes into the commit; its name depends on what it holds alone."""


def _write(assignment: Assignment, folder: Path) -> None:
    write_handout(assignment, folder, "github")
    with open(folder / "README.md", "a", encoding="utf-8") as readme:
        readme.write(f"\n{NOTE[assignment.language]}")
    workflow = folder / ".github" / "workflows" / "self-check.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(WORKFLOW.format(**_versions()), encoding="utf-8")
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    _git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", f"{assignment.title}, {assignment.version}")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name).partition("+")[0] for name in ("numpy", "torch")}


def _git(folder: Path, *command: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        subprocess.run(
            ["git", "-C", str(folder), *command],
            env={**kept, **NOBODY},
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise ReleaseError("git is not installed: install it, or release --to files") from None
    except subprocess.CalledProcessError as error:
        raise ReleaseError(f"git {command[0]} has failed: {error.stderr.strip()[-300:]}") from None


def _next_steps(assignment: Assignment, folder: Path) -> list[str]:
    names = ", ".join(filenames(assignment).values())
    return [
        f"push {folder} to a repository of your organisation and mark it as a template there",
        "choose it as starter code of the assignment in GitHub Classroom",
        "the workflow runs the self-check only: a repository that students can read hides nothing",
        f"after the due date clone all repositories below one folder: what counts is in {names}",
        f"then: dojo grade-all CLONES -a {assignment.name}",
    ]


TARGET: Final = Target("github", _write, _next_steps)
