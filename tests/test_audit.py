"""Every kata of the suite keeps every law."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from dojo.engine import Engine
from dojo.laws import Violation, audit_kata, audit_suite
from dojo.suite import Suite

SUITE = Suite.locate()


def selected(items: Iterable[Any]) -> list[str]:
    """Return the katas that the selected tests ask for."""
    return [
        item.callspec.params["id"]
        for item in items
        if getattr(item, "originalname", "") == "test_kata_keeps_the_laws"
    ]


@pytest.fixture(scope="module")
def audits(
    engine: Engine, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], list[Violation]]]:
    """Audit the selected katas side by side, from the first one asked for."""
    wanted = set(selected(request.session.items))
    with ThreadPoolExecutor(2) as pool:
        running: dict[str, Future[list[Violation]]] = {
            entry.id: pool.submit(audit_kata, entry, engine)
            for entry in SUITE.entries
            if entry.id in wanted
        }
        yield lambda id: running[id].result()


def test_only_selected_katas_are_audited() -> None:
    def item(name: str, id: str) -> Any:
        return SimpleNamespace(originalname=name, callspec=SimpleNamespace(params={"id": id}))

    items = [item("test_kata_keeps_the_laws", "a/b"), item("test_other", "c/d"), object()]

    assert ["a/b"] == selected(items)


@pytest.mark.parametrize("id", [entry.id for entry in SUITE.entries])
def test_kata_keeps_the_laws(audits: Callable[[str], list[Violation]], id: str) -> None:
    assert [] == list(map(str, audits(id)))


def test_suite_keeps_the_laws() -> None:
    assert [] == list(map(str, audit_suite(SUITE)))
