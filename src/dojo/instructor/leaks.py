"""Look for anything private in what students get."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dojo.suite import Suite

__all__ = ["leaks"]


def leaks(path: Path, suite: Suite, secrets: Iterable[str] = ()) -> list[str]:
    """Return what a file or folder holds of solutions, mistakes, cases, hints or secrets."""
    raise NotImplementedError
