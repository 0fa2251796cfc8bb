"""The walls that a forked child puts up around itself, before it compiles a learner's code.

Three of them, each enough for much of the work: resource limits, Landlock (which files exist for
the process) and seccomp (which system calls). None needs root, a namespace or a package, and no
process can take them down again. Nothing at all may be written: no file, no socket, no signal.
"""

from __future__ import annotations

from dojo.walls.kernel import WallError
from dojo.walls.landlock import readable_paths
from dojo.walls.raising import Prepared, Walls, available, prepare, raise_walls, strongest
from dojo.walls.seccomp import filter_program
from dojo.walls.selftest import Sandbox, begin_self_test, full_sandbox, self_test

__all__ = [
    "Prepared",
    "Sandbox",
    "WallError",
    "Walls",
    "available",
    "begin_self_test",
    "filter_program",
    "full_sandbox",
    "prepare",
    "raise_walls",
    "readable_paths",
    "self_test",
    "strongest",
]
