"""A child started from nothing, where a process that has imported torch cannot be forked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

from dojo.child import serve
from dojo.warm import READY, freeze_threads, prepare_walls, warm_up
from dojo.wire import Channel

__all__ = ["run"]


def run(sandbox: bool, memory: int, closed: Sequence[str]) -> NoReturn:
    """Take the standard streams as the channel, give the learner's code others, and serve."""
    read_fd, write_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    warm_up()
    freeze_threads()
    prepared = prepare_walls(sandbox, memory, closed)
    os.write(write_fd, READY)
    serve(Channel(read_fd, write_fd, reads_child=False), prepared)
