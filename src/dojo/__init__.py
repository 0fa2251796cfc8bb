"""The engine behind the katas: what a grader file imports, and nothing heavier."""

from dojo import interrupt  # noqa: F401 - first, for its effect
from dojo.kata import Kata, case, samples

__all__ = ["Kata", "__version__", "case", "samples"]

__version__ = "0.1.0"
