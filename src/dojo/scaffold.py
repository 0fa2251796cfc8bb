"""`dojo new`: two files that work from the start, with to-dos where the kata goes."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from dojo.grader_file import ID
from dojo.suite import Suite
from dojo.trouble import Trouble

__all__ = ["ScaffoldError", "scaffold"]

SOLUTION = '''"""{title}.

TODO: the whole statement. Conventions, shapes, dtypes, edge cases, names of parameters.

    y = 2 x

>>> {name}(torch.tensor([1.0, 2.0]))
tensor([2., 4.])
"""

import torch
from jaxtyping import Float
from torch import Tensor


def {name}(x: Float[Tensor, "*B n"]) -> Float[Tensor, "*B n"]:
    """TODO: one imperative sentence, with what a caller must know."""
    return torch.mul(x, 2)
    # ✗ return x — TODO: the cause of a mistake that people make, then its cure.
'''

GRADER = '''"""What {name} must do."""

from dojo import Kata, case

kata = Kata(
    minutes=15,
    level="core",
    asked="TODO: the interviewer's question.",
    asked_zh="TODO: the same in Chinese.",
    hints=("TODO: a nudge.", "TODO: a direction.", "TODO: a plan, without the code."),
    follow_ups={{"TODO: what they ask next?": "TODO: an answer they would accept."}},
    source="TODO: where it comes from, with section or equation",
)


@case(B=2, n=5)
@case(B=1, n=1)
def output(kata, draw, B, n):
    """matches the equation"""
    return kata.{name}(draw.normal(B, n))
'''

ORACLE = '''"""{name}, against an oracle."""

import torch


def test_reference_agrees_with_the_oracle(solution):
    # TODO: compare with code that nobody here wrote, or with a float64 loop from the equation.
    x = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(solution.{name}(x), x + x)
'''


class ScaffoldError(Trouble):
    """A name that cannot become a kata; the message says what would."""


def scaffold(suite: Suite, name: str) -> tuple[Path, ...]:
    """Write solution, grader and oracle test for `topic/name`; overwrite nothing."""
    topic, function = _parts(name)
    texts = {
        suite.root / "solutions" / f"{name}.py": SOLUTION,
        suite.root / "graders" / f"{name}.py": GRADER,
        suite.root / "tests" / "oracles" / topic / f"test_{function}.py": ORACLE,
    }
    taken = [path for path in (*texts, suite.root / "katas" / f"{name}.py") if path.exists()]
    if taken:
        raise ScaffoldError(f"{taken[0].relative_to(suite.root)} exists: choose another name")
    title = function.replace("_", " ").capitalize()
    for path, template in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _formatted(template.format(name=function, title=title))
        path.write_text(text, encoding="utf-8")
    return tuple(texts)


def _parts(name: str) -> tuple[str, str]:
    """Return topic and function of an id that can become a kata."""
    if not re.fullmatch(ID, name):
        raise ScaffoldError(
            f"{name!r} is no id: write topic/name in lower case, such as attention/linear_attention"
        )
    topic, function = name.split("/")
    if keyword.iskeyword(function) or function == "torch":
        raise ScaffoldError(f"no function can be called {function!r}: choose another name")
    return topic, function


def _formatted(source: str) -> str:
    """Return a file as black wants it, however long the name in it is."""
    import black

    return black.format_str(source, mode=black.Mode(line_length=100))
