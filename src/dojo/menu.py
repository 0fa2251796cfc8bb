"""The page of `dojo --help`: commands by what somebody wants to do, nothing cut short."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperGroup

__all__ = ["Menu"]

SECTIONS: Final = {
    "Practise": (
        *("next", "watch", "grade", "show", "hint", "explain", "again"),
        *("interview", "notebook", "list", "reset"),
    ),
    "Look back": ("status", "due", "history", "report"),
    "Check the machine": ("doctor",),
    "Write katas": ("new", "stubs", "translate", "audit"),
}
TEACH: Final = "Teach"
"""The section of every other command: the instructor's."""


class Menu(TyperGroup):
    """A group of commands whose help has sections."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write every command into its section, with the whole first sentence of its help."""
        shown = {
            name: command
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        }
        placed = {name for names in SECTIONS.values() for name in names}
        rest = {TEACH: tuple(name for name in shown if name not in placed)}
        width = max(map(len, shown), default=0)
        for section, names in {**SECTIONS, **rest}.items():
            rows = [
                (name.ljust(width), shown[name].get_short_help_str(1000))
                for name in names
                if name in shown
            ]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)
