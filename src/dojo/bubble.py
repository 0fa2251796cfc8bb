"""bubblewrap around the warm process, where it is installed and allowed: one layer more.

The process gets a view of its own of files, processes and the network. The walls of each child do
not depend on it, and nothing fails where it is missing. DOJO_BUBBLEWRAP=off does without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["SWITCH", "around", "is_wanted", "state"]

SWITCH: Final = "DOJO_BUBBLEWRAP"
_OFF: Final = frozenset({"0", "no", "off", "false"})
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/passwd", "/etc/alternatives",
    "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
_SECONDS: Final = 5.0


def is_wanted() -> bool:
    """Whether it is installed and not switched off; whether it works shows when it starts."""
    return sys.platform == "linux" and not _is_off() and shutil.which("bwrap") is not None


def _is_off() -> bool:
    return os.environ.get(SWITCH, "").lower() in _OFF


def around(command: Sequence[str], folder: str, info_fd: int | None = None) -> list[str]:
    """Return a command that runs another one in a view of its own.

    Only `folder` can be written to. The process's number, outside, is written to `info_fd`.
    """
    package = Path(__file__).resolve().parent
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    packages = (path for path in sys.path if os.path.basename(path).endswith("-packages"))
    python = (sys.prefix, sys.base_prefix, *packages, str(package))
    paths = dict.fromkeys((*_SYSTEM, *python, *filter(os.path.isabs, libraries)))
    info = () if info_fd is None else ("--info-fd", str(info_fd))
    return [
        "bwrap", "--unshare-all", "--as-pid-1", "--new-session", *info,
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        *(part for path in paths for part in ("--ro-bind-try", path, path)),
        "--bind", folder, folder, "--chdir", folder, "--", *command,
    ]  # fmt: skip


def state() -> str:
    """Say in a few words whether it is on here, by trying it."""
    if not is_wanted():
        return f"switched off by {SWITCH}" if _is_off() else "not installed"
    with tempfile.TemporaryDirectory() as folder:
        command = around([sys.executable, "-I", "-S", "-c", ""], folder)
        try:
            done = subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            return "does not start"
    return "on" if done.returncode == 0 else "not allowed here"
