"""The base of every error that a person can do something about."""

from __future__ import annotations

from pathlib import Path

__all__ = ["Fault", "Trouble"]


class Trouble(Exception):
    """An expected trouble: the command prints its message, which says what to do, and ends."""


class Fault(Trouble):
    """A line of an author's file that breaks a rule; the message says what to do."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message
        self.path: Path | None = None
        """The file, where it is known."""

    def __str__(self) -> str:
        if self.path is None:
            return f"line {self.line}: {self.message}"
        return f"{'/'.join(self.path.parts[-3:])}:{self.line}: {self.message}"
