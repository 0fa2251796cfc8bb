"""Make plain `pytest` the grader: what it collects in katas/ is the plugin's business."""

import importlib.util

import pytest

if importlib.util.find_spec("dojo") is None:
    raise pytest.UsageError(
        "this Python has no dojo: run `nox -s grade` once, then use the pytest in .venv"
    )

pytest_plugins = ["dojo.pytest_plugin"]
