"""Every kata of the suite keeps every law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from dojo.engine import Engine
from dojo.laws import Violation, audit_kata, audit_suite
from dojo.suite import Suite

SUITE = Suite.locate()


@pytest.fixture(scope="module")
def audits(engine: Engine) -> Iterator[Callable[[str], list[Violation]]]:
    """Audit all katas side by side, from the first one asked for."""
    with ThreadPoolExecutor(2) as pool:
        running: dict[str, Future[list[Violation]]] = {
            entry.id: pool.submit(audit_kata, entry, engine) for entry in SUITE.entries
        }
        yield lambda id: running[id].result()


@pytest.mark.parametrize("id", [entry.id for entry in SUITE.entries])
def test_kata_keeps_the_laws(audits: Callable[[str], list[Violation]], id: str) -> None:
    assert [] == list(map(str, audits(id)))


def test_suite_keeps_the_laws() -> None:
    assert [] == list(map(str, audit_suite(SUITE)))
