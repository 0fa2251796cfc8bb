"""`dojo new`: two files that work from the start, with to-dos where the kata goes."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Final

from dojo.grader_file import ID
from dojo.suite import Suite
from dojo.trouble import Trouble

__all__ = ["KINDS", "ScaffoldError", "scaffold"]

SOLUTION = '''"""{title}.

TODO: the whole statement. Conventions, shapes, dtypes, edge cases, names of parameters.

    {equation}

>>> {example}
"""

{imports}


{code}
{indent}# ✗ return x — TODO: the cause of a mistake that people make, then its cure.
'''

GRADER = '''"""What {name} must do."""

from dojo import Kata, case{more}

kata = Kata(
    minutes=15,
    level="core",
    asked="TODO: the interviewer's question.",
    asked_zh="TODO: the same in Chinese.",
    hints=("TODO: a nudge.", "TODO: a direction.", "TODO: a plan, without the code."),
    follow_ups={{"TODO: what they ask next?": "TODO: an answer they would accept."}},
    source="TODO: where it comes from, with section or equation",
)


{cases}
'''

ORACLE = '''"""{name}, against an oracle."""

import {library}


def test_reference_agrees_with_the_oracle(solution):
    # TODO: compare with code that nobody here wrote, or with a float64 loop from the equation.
    {oracle}
'''

TORCH: Final = {
    "equation": "y = 2 x",
    "example": "{name}(torch.tensor([1.0, 2.0]))\ntensor([2., 4.])",
    "imports": "import torch\nfrom jaxtyping import Float\nfrom torch import Tensor",
    "code": '''def {name}(x: Float[Tensor, "*B n"]) -> Float[Tensor, "*B n"]:
    """TODO: one imperative sentence, with what a caller must know."""
    return torch.mul(x, 2)''',
    "indent": "    ",
    "more": "",
    "cases": '''@case(B=2, n=5)
@case(B=1, n=1)
def output(kata, draw, B, n):
    """matches the equation"""
    return kata.{name}(draw.normal(B, n))''',
    "library": "torch",
    "oracle": """x = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(solution.{name}(x), x + x)""",
}
KINDS: Final = {
    "torch": TORCH,
    "numpy": TORCH
    | {
        "example": "{name}(np.array([1.0, 2.0]))\narray([2., 4.])",
        "imports": "import numpy as np\nfrom jaxtyping import Float",
        "code": '''def {name}(x: Float[np.ndarray, "*B n"]) -> Float[np.ndarray, "*B n"]:
    """TODO: one imperative sentence, with what a caller must know."""
    return np.multiply(x, 2)''',
        "cases": TORCH["cases"].replace("draw.normal", "draw.numpy.normal"),
        "library": "numpy as np",
        "oracle": """x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(solution.{name}(x), x + x)""",
    },
    "class": TORCH
    | {
        "equation": "y = x · weight",
        "example": "{Class}(4)(torch.zeros(2, 4)).shape\ntorch.Size([2, 4])",
        "imports": f"{TORCH['imports']}, nn",
        "code": '''class {Class}(nn.Module):
    """TODO: names and shapes of the parameters, and what they start at."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, x: Float[Tensor, "*B n"]) -> Float[Tensor, "*B n"]:
        return x * self.weight''',
        "indent": "        ",
        "cases": '''@case(B=2, n=5)
@case(B=1, n=1)
def output(kata, draw, B, n):
    """matches the equation"""
    layer = draw.weights(kata.{Class}(n))
    return layer(draw.normal(B, n))


@case(B=3, n=4)
def gradients(kata, draw, B, n):
    """passes the right gradients to the input and every weight"""
    layer, x = draw.weights(kata.{Class}(n)), draw.normal(B, n).requires_grad_()
    draw.backward(layer(x))
    return {{"x": x.grad, **draw.gradients(layer)}}''',
        "oracle": """x = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(solution.{Class}(4).double()(x), x)""",
    },
    "random": TORCH
    | {
        "equation": "y = x + ε, ε ∼ N(0, 1)",
        "example": "{name}(torch.zeros(2), torch.Generator()).shape\ntorch.Size([2])",
        "code": '''def {name}(
    x: Float[Tensor, "*B n"], generator: torch.Generator | None = None
) -> Float[Tensor, "*B n"]:
    """TODO: one imperative sentence, with what a caller must know."""
    return x + torch.randn(x.shape, generator=generator)''',
        "more": ", samples",
        "cases": '''@case(n=3)
@case(n=1)
def distribution(kata, draw, n):
    """draws from the right distribution"""
    x, generator = draw.normal(n), draw.generator()
    return samples(kata.{name}(x, generator) for _ in range(500))''',
        "oracle": """y = solution.{name}(torch.zeros(10_000), torch.Generator().manual_seed(0))
    assert abs(y.mean()) < 0.05 and abs(y.std() - 1) < 0.05""",
    },
}
"""What a new kata may be, and what stands in its files."""


class ScaffoldError(Trouble):
    """A name that cannot become a kata; the message says what would."""


def scaffold(suite: Suite, name: str, kind: str = "torch") -> tuple[Path, ...]:
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
    words = {
        "name": function,
        "Class": "".join(part.capitalize() for part in function.split("_")),
        "title": function.replace("_", " ").capitalize(),
    }
    words |= {key: text.format(**words) for key, text in KINDS[kind].items()}
    for path, template in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_formatted(template.format(**words)), encoding="utf-8")
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
