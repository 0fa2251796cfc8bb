"""Grade a kata from a notebook: `grade("self_attention")` in a cell below the answer's.

This process runs the learner's code, so it holds no solution and compares nothing: it hands the
answer's text to a helper process, which is `dojo.practice.serve`, and shows what comes back.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from dojo.launch import environment, python
from dojo.suite import NoSuite, Suite
from dojo.translations import preferred
from dojo.trouble import Trouble

__all__ = ["MARK", "NotGraded", "Shown", "grade"]

MARK: Final = "# dojo:"
"""How the first line of the cell begins that holds an answer; the kata's id follows."""
FIRST_LINE: Final = re.compile(rf"\s*{MARK}\s*(\S+)")


class NotGraded(Trouble):
    """Why a cell could not be graded; shown as one line in place of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"dojo: {self}"]


@dataclass(frozen=True)
class Shown:
    """A verdict as a notebook shows it."""

    verdict: str
    text: str = field(repr=False)
    html: str = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether every case has passed."""
        return self.verdict == "passed"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


def grade(kata: str) -> Shown:
    """Grade the cell that was run last among those that begin with `# dojo: KATA`."""
    source = _answer(kata)
    found = _helper(_root()).ask({"kata": kata, "source": source, "language": preferred()})
    if "trouble" in found:
        raise NotGraded(found["trouble"])
    return Shown(found["verdict"], found["text"], found["html"])


def _answer(kata: str) -> str:
    try:
        from IPython import get_ipython
    except ImportError:
        get_ipython = None
    shell: Any = get_ipython() if get_ipython else None
    if shell is None:
        raise NotGraded(
            f"this is no notebook: write the answer in katas/ and run `dojo grade {kata}`"
        )
    earlier = shell.history_manager.input_hist_raw[:-1]  # The last one is this cell.
    for source in reversed(earlier):
        marked = FIRST_LINE.match(source)
        if marked and kata.removesuffix(".py") in (marked[1], marked[1].rpartition("/")[2]):
            return str(source) + "\n"
    raise NotGraded(f"run the cell that begins with `{MARK} {kata}` first: it holds your answer")


def _root() -> Path:
    """Find the clone around the notebook, or else the one that this package was installed from."""
    try:
        return Suite.locate().root
    except NoSuite:
        if os.environ.get("DOJO_ROOT"):
            raise
        return Suite.locate(Path(__file__)).root


@cache
def _helper(root: Path) -> _Helper:
    helper = _Helper(root)
    atexit.register(helper.end)
    return helper


class _Helper:
    """The process that grades; it stays warm between cells and ends with the kernel."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[str] | None = None

    def ask(self, request: dict[str, str]) -> dict[str, str]:
        """Return what comes of a request; start the process if it does not run."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except KeyboardInterrupt:  # An answer that is still to come must not reach the next cell.
            self.end()
            raise
        except BrokenPipeError:
            line = ""
        if not line:
            self.end()
            raise NotGraded("the process that grades has ended: run this cell again")
        answer: dict[str, str] = json.loads(line)
        return answer

    def end(self) -> None:
        """End the process with its children."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            python("from dojo.practice.serve import run", f"run({str(self._root)!r})"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            encoding="utf-8",
            start_new_session=True,  # Interrupting the kernel must not leave it half done.
        )
