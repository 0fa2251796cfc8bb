"""Which files were saved: told once they rest, however an editor writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Saved", "Saves", "Watching"]

STILL: Final = 15
"""Milliseconds without a change after which a save is over."""
LONGEST: Final = 400


@dataclass(frozen=True)
class Saved:
    """Files that were written, made or replaced."""

    paths: frozenset[Path]


@dataclass(frozen=True)
class Watching:
    """From now on no save is missed; what was saved before may have been."""


class Saves:
    """A context in which changes below some folders are posted.

    Swap files, backups and temporary files of editors are none: only what `wanted` lets through.
    What is written by rename comes as the name that it ends under, and a file that is gone is
    posted as well, since it may be back in a moment.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        wanted: Callable[[Path], bool],
        post: Callable[[Saved | Watching], None],
    ) -> None:
        self._folders = folders
        self._wanted = wanted
        self._post = post
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="saves")
        self._ready = False

    def __enter__(self) -> Saves:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(2)  # It must not be cut off inside the library.

    def _watch(self) -> None:
        try:
            self._follow(polling=None)
        except OSError:  # no inotify here, or too many watches: look every now and then
            self._follow(polling=True)

    def _follow(self, polling: bool | None) -> None:
        from watchfiles import watch

        for changes in watch(
            *self._folders,
            watch_filter=lambda change, path: self._wanted(Path(path)),
            debounce=LONGEST,
            step=STILL,
            stop_event=self._stop,
            rust_timeout=100,
            yield_on_timeout=True,
            force_polling=polling,
            raise_interrupt=False,
        ):
            if not self._ready:
                self._ready = True
                self._post(Watching())
            if changes:
                self._post(Saved(frozenset(Path(path) for _, path in changes)))
