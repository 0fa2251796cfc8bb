"""The base of every error that a person can do something about."""

from __future__ import annotations

__all__ = ["Trouble"]


class Trouble(Exception):
    """An expected trouble: the command prints its message, which says what to do, and ends."""
