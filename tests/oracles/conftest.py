"""What every oracle test starts from: the reference it is named after."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
SOLUTIONS = HERE.parents[1] / "solutions"


@pytest.fixture(scope="module")
def solution(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Load the solution with the test's own path: `topic/test_name.py` tests `topic/name.py`."""
    topic = request.path.parent.relative_to(HERE)
    path = SOLUTIONS / topic / request.path.name.removeprefix("test_")
    # The topic is part of the name, since two topics may have a kata of the same name.
    name = ".".join(("solutions", *topic.parts, path.stem))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Dataclasses and pickles look their module up by its name.
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[name]
