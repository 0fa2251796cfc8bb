"""What tests of a class share: an assignment of one small kata, and graders for it."""

from __future__ import annotations

import pytest
from sample_suite import Make

from dojo.engine import Engine
from dojo.instructor.assignment import Assignment, load
from dojo.instructor.begin import begin
from dojo.instructor.grading import Graders

KATA = "basics/scaled_sum"


@pytest.fixture
def hw(make_suite: Make) -> Assignment:
    """An assignment with one kata for four points, one for each case title and one more."""
    suite = make_suite()
    begin(suite, "hw1", [KATA], title="Homework <one>", points=6.0)
    return load(suite, "hw1")


@pytest.fixture
def graders(engine: Engine, hw: Assignment) -> Graders:
    """Graders with the engine that all tests share."""
    return Graders(engine, hw.suite)
