"""The commands of this package; each imports what it needs when it runs."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer()
