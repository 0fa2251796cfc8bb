"""The course's secret: what makes hidden inputs this course's own. It never leaves its folder."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from dojo.trouble import Trouble

__all__ = [
    "SecretError",
    "assignment_key",
    "create_secret",
    "derive_salt",
    "private_folder",
    "read_secret",
]

LENGTH: Final = 64
"""Characters of a secret that this module writes."""
ENOUGH: Final = 32
KEY_OF: Final = "key-of"


class SecretError(Trouble):
    """A secret that is missing or that others could read."""


def create_secret(path: Path) -> bool:
    """Write a new secret that only its owner can read; keep one that is there, return False."""
    private_folder(path.parent)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w") as file:
        file.write(f"{secrets.token_hex(LENGTH // 2)}\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can open and that git leaves out, wherever it lies."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        with contextlib.suppress(FileExistsError), open(ignore, "x") as file:
            file.write("# Secret, gradebook and solutions: nothing in here may be published.\n*\n")
    return folder


def read_secret(path: Path) -> bytes:
    """Return the secret; SecretError says what to do where it cannot be used."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SecretError(
            f"the secret {path} is missing. If the course has released anything, restore it from "
            "where you keep copies, since another secret gives other hidden inputs. Otherwise "
            "`dojo assignment new` makes one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the secret {path} cannot be read ({error}): restore it") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(f"others can read the secret: chmod 600 {path}")
    if len(text) < ENOUGH:
        raise SecretError(f"the secret {path} is too short to be one: it needs {ENOUGH} characters")
    return text.encode()


def assignment_key(secret: bytes, assignment: str) -> str:
    """Return the key of one assignment as text that `read_secret` takes in place of the secret.

    It gives the salts of this assignment, and nothing of any other.
    """
    return f"{KEY_OF} {assignment} {_key(secret, assignment).hex()}"


def derive_salt(secret: bytes, assignment: str, student: str = "") -> str:
    """Return the salt of an assignment, or of one student in it."""
    return hmac.new(_key(secret, assignment), f"salt\0{student}".encode(), "sha256").hexdigest()


def _key(secret: bytes, assignment: str) -> bytes:
    words = secret.decode(errors="replace").split()
    if words[0] == KEY_OF:
        if len(words) != 3 or words[1] != assignment:
            raise SecretError(f"this is the key of another assignment, not that of {assignment}")
        return bytes.fromhex(words[2])
    return hmac.new(secret, f"assignment\0{assignment}".encode(), "sha256").digest()
