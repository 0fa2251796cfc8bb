"""What `dojo doctor` looks at besides the sandbox: is everything there that the commands need?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

__all__ = ["Check", "examine"]

OLDEST: Final = (3, 11)
PROBE: Final = "import torch, torch.optim; print((torch.ones(2) @ torch.ones(2)).item())"
ROOM: Final = 500 * 2**20
NARROW: Final = 80


@dataclass(frozen=True)
class Check:
    """Something that was looked at."""

    what: str
    found: str
    advice: str = ""
    """What to do, if anything is wrong."""
    serious: bool = True
    """Whether grading does not work like this."""


def examine(root: Path, screen: IO[str]) -> Iterator[Check]:
    """Look at Python, packages, disk, tools and terminal, and say what to install or change."""
    yield _python()
    yield _torch(root)
    yield _folder(root / "katas", "katas/")
    yield _folder(root / ".dojo", ".dojo/")
    yield _room(root)
    yield _tool("git", "git is missing: install it to update this clone (`git pull`)")
    yield _tool("nox", f"nox is missing: {Path(sys.executable).name} -m pip install nox")
    yield _terminal(screen)


def _python() -> Check:
    found = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info[:2] < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        return Check("Python", found, f"install Python {wanted} or newer, and delete .venv")
    return Check("Python", found)


def _torch(root: Path) -> Check:
    again = "delete .venv and run the first command of README again"
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return Check("PyTorch", "is not installed", again)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, timeout=300
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("PyTorch", f"{version} does not start: {error}", again)
    if done.returncode or done.stdout.strip() != "2.0":
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
        return Check("PyTorch", f"{version} does not start: {said}", again)
    pinned = _pins(root).get("torch")
    if pinned and version.partition("+")[0] != pinned:
        advice = f"the suite was tried with {pinned}: verdicts may differ; {again}"
        return Check("PyTorch", version, advice, serious=False)
    return Check("PyTorch", version)


def _pins(root: Path) -> dict[str, str]:
    try:
        lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: version for name, _, version in (line.partition("==") for line in lines)}


def _folder(folder: Path, name: str) -> Check:
    there = folder if folder.exists() else folder.parent
    if os.access(there, os.W_OK):
        return Check(name, "can be written")
    what = "your answers" if name == "katas/" else "progress and backups"
    advice = f"nothing can be kept of {what}: make {there} writable, or clone into your own folder"
    return Check(name, "is read-only", advice, serious=name == "katas/")


def _room(root: Path) -> Check:
    free = shutil.disk_usage(root).free
    found = f"{free / 2**30:.1f} GiB free"
    if free < ROOM:
        return Check("disk", found, "make room: expected values and backups are kept on it")
    return Check("disk", found)


def _tool(name: str, advice: str) -> Check:
    beside = Path(sys.executable).with_name(name)
    where = shutil.which(name) or (str(beside) if beside.exists() else None)
    return Check(name, where or "is missing", "" if where else advice, serious=False)


def _terminal(screen: IO[str]) -> Check:
    encoding = getattr(screen, "encoding", None) or "ascii"
    if not screen.isatty():
        return Check("terminal", f"none: the output goes elsewhere, in {encoding}")
    columns = shutil.get_terminal_size().columns
    found = f"{columns} columns, {encoding}, TERM={os.environ.get('TERM', 'not set')}"
    try:
        "✓√Σ中".encode(encoding)
    except (UnicodeError, LookupError):
        advice = "it cannot show ✓ or √: set LC_ALL=C.UTF-8, or another locale with UTF-8"
        return Check("terminal", found, advice, serious=False)
    if columns < NARROW:
        advice = f"make it {NARROW} columns wide, or lines break in unlucky places"
        return Check("terminal", found, advice, serious=False)
    return Check("terminal", found)
