"""Resource limits: memory, processor time, descriptors, and no file of more than zero bytes."""

from __future__ import annotations

import sys

from dojo.walls.kernel import WallError

if sys.platform == "linux":
    import resource

__all__ = ["limit"]


def limit(memory: int, cpu: int, descriptors: int) -> None:
    """Limit the calling process; `memory` is beyond what it has now."""
    with open("/proc/self/statm", "rb") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: (now + memory, now + memory),
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_NOFILE: (descriptors, descriptors),
        resource.RLIMIT_STACK: (8 * 2**20, 8 * 2**20),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NPROC: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    for kind, (soft, hard) in limits.items():
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as error:
            raise WallError(f"limits: {error}") from None
