"""`python -m dojo`: the command, quiet about an interruption from its first moment."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command; Ctrl-C while it is being imported ends it like Ctrl-C later on."""
    try:
        from dojo.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
