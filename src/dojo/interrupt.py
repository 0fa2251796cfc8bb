"""Ctrl-C in the first moments of the `dojo` command: the process ends without a word.

Imported before all else, so it imports next to nothing itself.
"""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["listen"]

_is_command = os.path.basename(sys.argv[0] if sys.argv else "") == "dojo"

if _is_command:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def listen() -> None:
    """From now on, let Ctrl-C raise KeyboardInterrupt."""
    if _is_command:
        signal.signal(signal.SIGINT, signal.default_int_handler)
