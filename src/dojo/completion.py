"""What a shell completes: names of katas and topics, by looking at file names only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dojo.suite import NoSuite, Suite

__all__ = ["katas", "topics"]


def katas(incomplete: str) -> list[str]:
    """Return the names that go on like this; ids where that is what was begun."""
    ids = list(_ids())
    if "/" in incomplete:
        return [id for id in ids if id.startswith(incomplete)]
    names = [id.partition("/")[2] for id in ids]
    # A name that two topics share means neither.
    single = [name if names.count(name) == 1 else id for id, name in zip(ids, names, strict=True)]
    whole = [f"{topic}/" for topic in topics(incomplete)] if incomplete else []
    return [name for name in single if name.startswith(incomplete)] + whole


def topics(incomplete: str) -> list[str]:
    """Return the topics that go on like this."""
    found = dict.fromkeys(id.partition("/")[0] for id in _ids())
    return [topic for topic in found if topic.startswith(incomplete)]


def _ids() -> Iterator[str]:
    try:
        base = Suite.locate().root / "solutions"
    except NoSuite:
        return
    for path in sorted(base.glob("*/*.py")):
        if path.name[0] not in "._":
            yield Path(path.parent.name, path.stem).as_posix()
