"""`python -m dojo`: the command, at work and quiet about an interruption from its first moment."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dojo.interrupt import listen
from dojo.launch import Settings, Warm, can_fork, launch

__all__ = ["main"]


def main() -> None:
    """Run the command; Ctrl-C while it is being imported ends it like Ctrl-C later on."""
    warm = None
    try:
        listen()
        warm = _launch_ahead(sys.argv[1:])
        from dojo.cli import main as run

        run(warm)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if warm is not None:
            warm.end(at_once=True)


def _launch_ahead(arguments: Sequence[str]) -> Warm | None:
    """Let torch be imported while the command line is still being read, if anything is graded."""
    looks = {"-h", "--help", "--report"} & {*arguments}
    verb = arguments[0] if arguments and not looks else ""
    verbs = ("grade", "watch", "interview") if sys.stdin and sys.stdin.isatty() else ("grade",)
    if verb not in verbs or not can_fork():
        return None
    from dojo.suite import NoSuite, Suite
    from dojo.workspace import is_touched

    try:
        root = Suite.locate().root
    except NoSuite:
        return None
    if verb == "grade" and not is_touched(root):
        return None
    return launch(Settings(closed=(str(root),)))


if __name__ == "__main__":
    main()
