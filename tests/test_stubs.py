"""What of a solution the learner's stub shows, and what it hides."""

from __future__ import annotations

import ast
import textwrap

import black
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dojo.kata import Kata
from dojo.stubs import StubError, derive, public_names, rules

ATTENTION = '''"""Grouped-query attention.

>>> layer = Attention(Config(d_model=8, n_heads=2))
>>> layer(torch.zeros(1, 3, 8)).shape
torch.Size([1, 3, 8])
>>> import os
>>> os.sep and None
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

__all__ = ["Attention", "Config"]

EPS = 1e-6  # the secret of EPS
# ✗ EPS = 1.0 — Far too large: take less.

# Widths that people use.
# given
WIDTHS = (  # in this order
    64,
    128,
)
MAX = 4  # given


@dataclass(frozen=True)
class Config:  # given
    """Sizes."""

    d_model: int
    # how many
    n_heads: int = 1


# This comment tells the answer.
class Attention(nn.Module):
    """Attend.

    With one more line.
    """

    scale: float = 1.0

    def __init__(self, config: Config) -> None:
        super().__init__()  # given
        self.head = config.d_model // config.n_heads
        self.q = nn.Linear(config.d_model, config.d_model)
        # ✗ self.q = nn.Identity() — Nothing is learnt: project.
        self.config = config  # given

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        # one row for each sequence
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:  # same shape
        """Return what every token gathers."""
        import itertools

        # the secret is a softmax
        return F.softmax(self._split(x) / math.sqrt(self.head), dim=-1)
        # ✗ return x — Nothing happens: attend.

    @property
    def width(self) -> int: return self.head  # one line

    @torch.no_grad()
    def reset(self) -> None:
        """Start again."""
        self.q.weight.zero_()

    @staticmethod
    @torch.no_grad()  # given
    def norm(x: Tensor, *, p: int = 2) -> Tensor:
        return x.norm(p)

    # given
    def _show(self) -> str:
        # a comment of what is given
        return f"{self.head}"

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (2, -1))


class Refused(ValueError):
    def _private(self) -> None:
        raise self


class _Hidden:
    pass


def windows(x: Tensor, of: Callable[[int], int]) -> Iterator[Tensor]:
    """Yield windows."""
    yield from _inner(x)


def _inner(x: Tensor) -> Iterator[Tensor]:
    yield x


if __name__ == "__main__":
    print(EPS)


# ✗ windows — Too few: yield all.
def _(x, of):
    yield x
'''

ATTENTION_STUB = '''"""Grouped-query attention.

>>> layer = Attention(Config(d_model=8, n_heads=2))
>>> layer(torch.zeros(1, 3, 8)).shape
torch.Size([1, 3, 8])
>>> import os
>>> os.sep and None
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

# Widths that people use.
WIDTHS = (  # in this order
    64,
    128,
)
MAX = 4


@dataclass(frozen=True)
class Config:
    """Sizes."""

    d_model: int
    # how many
    n_heads: int = 1


class Attention(nn.Module):
    """Attend.

    With one more line.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        raise NotImplementedError
        self.config = config

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        # one row for each sequence
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:  # same shape
        """Return what every token gathers."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        raise NotImplementedError

    def reset(self) -> None:
        """Start again."""
        raise NotImplementedError

    @staticmethod
    @torch.no_grad()
    def norm(x: Tensor, *, p: int = 2) -> Tensor:
        raise NotImplementedError

    def _show(self) -> str:
        # a comment of what is given
        return f"{self.head}"


class Refused(ValueError):
    pass


def windows(x: Tensor, of: Callable[[int], int]) -> Iterator[Tensor]:
    """Yield windows."""
    raise NotImplementedError
'''


class TestDerive:
    def test_what_is_public_or_given_stays_and_nothing_else(self):
        assert ATTENTION_STUB == derive(ATTENTION)

    def test_a_stub_is_its_own_stub_once_what_was_given_is_marked(self):
        source = "import math\n\n\ndef f(x: float = math.pi) -> float:\n    return math.sin(x)\n"

        assert derive(source) == derive(derive(source))

    def test_bodies_of_async_and_nested_things_are_hidden(self):
        source = textwrap.dedent('''\
            class Outer:
                class Inner:
                    """Inside."""

                    async def run(self) -> int:
                        return await secret()

                class _Private:
                    x = 1
            ''')

        assert (
            "class Outer:\n"
            "    class Inner:\n"
            '        """Inside."""\n'
            "\n"
            "        async def run(self) -> int:\n"
            "            raise NotImplementedError\n"
        ) == derive(source)

    @pytest.mark.parametrize(
        "source",
        [
            "X = 1  # given\n",
            "# given\nX = 1\n",
            "def _f():  # given\n    return 1\n",
            "def _f(  # given\n    x,\n):\n    return 1\n",
            "def _f(\n    x,\n):  # given\n    return 1\n",
            "# given\n@cache\ndef _f():\n    return 1\n",
            "@cache\ndef _f():  # given\n    return 1\n",
            "class _A(B):  # given\n    x = 1\n",
            "X = f(\n    1,\n)  # given\n",
            "X = f(  # given\n    1,\n)\n",
            "# given\nif X:\n    Y = 1\n",
            "for _ in X:  # given\n    Y = 1\n",
            "# why\n# given\nX = 1\n",
        ],
    )
    def test_a_mark_keeps_the_statement_and_is_gone(self, source):
        expected = "".join(
            f"{line.removesuffix('  # given')}\n"
            for line in source.splitlines()
            if line != "# given"
        )

        assert ast.dump(ast.parse(expected)) == ast.dump(ast.parse(derive(source)))
        assert black.format_str(expected, mode=black.Mode()) == derive(source)

    @pytest.mark.parametrize(
        "source",
        [
            "X = 1  # Given\n",
            "X = 1  # given by nature\n",
            "X = 1  #given\n",
            "X = '# given'\n",
            "# given\n\nX = 1\n",
            "Y = '''\n# given\n'''\nX = 1\n",
            "if X:\n    Y = 1  # given\n",
            "X = f(\n    1,  # given\n    2,\n)\n",
            "def _f():\n    return 1  # given\n",
            "def _f():\n    pass\n    # given\nX = 1\n",
            "@cache  # given\ndef _f():\n    return 1\n",
            "class _A:\n    x = 1  # given\n",
        ],
    )
    def test_what_is_no_mark_of_a_statement_keeps_nothing(self, source):
        assert "" == derive(source)

    def test_a_body_of_given_statements_only_has_nothing_left_to_do(self):
        source = "class A:\n    def __init__(self):\n        super().__init__()  # given\n"

        assert source.replace("  # given", "") == derive(source)

    @pytest.mark.parametrize(
        ("decorator", "stays"),
        [
            ("property", True),
            ("width.setter", True),
            ("staticmethod", True),
            ("classmethod", True),
            ("abc.abstractmethod", True),
            ("functools.cached_property", True),
            ("torch.no_grad()", False),
            ("torch.inference_mode()", False),
            ("functools.lru_cache(maxsize=None)", False),
            ("cache", False),
            ("makers[0]", False),
        ],
    )
    def test_a_decorator_stays_if_it_says_how_a_thing_is_used(self, decorator, stays):
        stub = derive(f"class A:\n    @{decorator}\n    def f(self):\n        return 1\n")

        assert stays == (f"@{decorator}" in stub)
        assert "def f(self):" in stub

    def test_a_mark_leaves_no_gap(self):
        assert "X = 1\nY = 2\n\nZ = 3\n" == derive(
            "X = 1  # given\n# given\nY = 2\n\n# given\nZ = 3\n"
        )

    def test_two_given_statements_in_one_line_are_both_kept_once(self):
        assert "a = 1\nb = 2\n" == derive("a = 1; b = 2  # given\n")

    def test_other_indentation_and_one_line_bodies_are_understood(self):
        source = "class A: x = 1  # given\n\n"
        source += "class B:\n  x = 1  # given\n  def f(self): 'Do.'; return 1\n"

        assert (
            "class A:\n    x = 1\n\n\nclass B:\n    x = 1\n\n"
            '    def f(self):\n        "Do."\n        raise NotImplementedError\n'
        ) == derive(source).replace('"""Do."""', '"Do."')


class TestImports:
    @pytest.mark.parametrize(
        ("statement", "shown", "kept"),
        [
            ("import math", "def f(x=math.pi): 0", "import math"),
            ("import math", "def f(x): return math.pi", ""),
            ("import numpy as np", "def f(x: np.ndarray): 0", "import numpy as np"),
            ("import numpy as np", "def f(x: 'np.ndarray'): 0", "import numpy as np"),
            ("from a import b, c as d, e", "def f(x: d, y: e): 0", "from a import c as d, e"),
            ("from . import b, c", "def f(x: c): 0", "from . import c"),
            ("from a import *", "def f(x): 0", "from a import *"),
            ("import a, b", "def f(x: b.c): 0", "import b"),
            ("import a.b.c", "def f(x: a.b.c.d): 0", "import a.b.c"),
            ("import a.b.c", "def f(x: a.d): 0", "import a"),
            ("import a\nimport a.b.c", "def f(x: a.d): 0", "import a"),
            ("import a.b.c", "def f(x): return a.b.c", ""),
            ("import a", "def f(x):\n    '''\n    >>> f(a)\n    '''", "import a"),
            ("import a", "def f(x):\n    '''\n    >>> import a\n    >>> f(a)\n    '''", ""),
            ("import a", "def f(x):\n    '''Use a.'''", ""),
            ("import a", "def f(x):\n    '''\n    >>> f(a a)\n    '''", ""),
            ("import a  # given", "def f(x): 0", "import a"),
            ("import a  # noqa: X", "def f(x: a): 0", "import a  # noqa: X"),
            ("from __future__ import annotations", "def f(x): 0", ""),
            (
                "from __future__ import annotations",
                "def f() -> int: 0",
                "from __future__ import annotations",
            ),
        ],
    )
    def test_only_names_that_the_stub_needs_are_imported(self, statement, shown, kept):
        stub = derive(f"{statement}\n\n\n{shown}\n")

        assert kept == stub[: stub.index("def f")].strip()

    def test_groups_of_imports_stay_apart(self):
        source = "import a\nimport b\n\nimport c\nimport d\n\n\ndef f(x: a, y: d, z: c): 0\n"

        assert derive(source).startswith("import a\n\nimport c\nimport d\n\n\ndef f")


class TestStubError:
    @pytest.mark.parametrize(
        ("source", "line", "name"),
        [
            ("import a\n_EPS = 1\ndef f(x=_EPS): 0\n", 2, "_EPS"),
            ("x = 1\n# ✗ x = 2 — A: b.\n\ndef f(y: x): 0\n", 1, "x"),
            ("class _Base: 0\nclass A(_Base): 0\n", 1, "_Base"),
            ("def _g(): 0\ndef f():  # given\n    return _g()\n", 1, "_g"),
            ("K = 1\ndef f():\n    '''\n    >>> f() + K\n    '''\n", 1, "K"),
            ("if T:\n    import a\ndef f(x: a): 0\n", 2, "a"),
        ],
    )
    def test_what_a_stub_shows_must_be_in_it(self, source, line, name):
        with pytest.raises(StubError, match=f"`{name}`") as caught:
            derive(source)

        assert line == caught.value.line
        assert "# given" in str(caught.value)

    @pytest.mark.parametrize(
        "source",
        [
            "_EPS = 1  # given\ndef f(x=_EPS): 0\n",
            "_EPS = 1\ndef f(x): return _EPS\n",
            "K = 1\ndef f():\n    '''\n    >>> K = 2\n    >>> f() + K\n    '''\n",
            "K = 1\ndef f():  # given\n    K = 2\n    return K\n",
        ],
    )
    def test_what_it_does_not_show_may_be_hidden(self, source):
        assert "def f" in derive(source)

    def test_examples_that_cannot_be_read_are_refused(self):
        with pytest.raises(StubError, match="examples"):
            derive('"""A.\n\n    >>> f(\n  ... )\n"""\n')


class TestPublicNames:
    def test_everything_that_the_stub_defines_is_shown_as_it_is_called(self):
        assert {
            "Config": "Config",
            "Attention": "Attention(config)",
            "Attention.forward": "forward(self, x, padding=None)",
            "Attention.width": "width(self)",
            "Attention.reset": "reset(self)",
            "Attention.norm": "norm(x, *, p=2)",
            "Refused": "Refused",
            "windows": "windows(x, of)",
        } == public_names(ATTENTION)

    @pytest.mark.parametrize(
        ("arguments", "shown"),
        [
            ("self, a: int, b: float = 1e-3", "A(a, b=0.001)"),
            ("self, a=1", "A(a=1)"),
            ("self", "A()"),
            ("self, /, a, *b: int, c: str = 'x', **d: int", "A(a, *b, c='x', **d)"),
            ("self, a, /, b", "A(a, /, b)"),
            ("*a, b", "A(*a, b)"),
        ],
    )
    def test_a_class_is_called_without_self(self, arguments, shown):
        source = f"class A:\n    def __init__({arguments}): 0\n    def _f(self): 0\n"

        assert {"A": shown} == public_names(source)


SHOWN, SECRET = "shown", "secret"
MARKS = st.sampled_from(["", "above", "behind"])


def marked(mark: str, head: str, *rest: str) -> list[str]:
    """Return a statement's lines with its mark, if it has one."""
    above = ["# given"] if mark == "above" else []
    return [*above, f"{head}  # given" if mark == "behind" else head, *rest]


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


@st.composite
def statements(draw: st.DrawFn, shown: bool, depth: int = 0) -> list[str]:
    """Draw a simple or compound statement; its text says whether the stub shows it."""
    mark = draw(MARKS)
    shown = shown or bool(mark)
    word = SHOWN if shown else SECRET
    kinds = ["assign", "long", "comment", "if"] if depth else ["assign", "long", "comment"]
    match draw(st.sampled_from(kinds)):
        case "assign":
            return marked(mark, f"x = {word}")
        case "long":
            return marked(mark, "x = f(", f"    {word},", ")")
        case "comment":
            return [f"# {SECRET}", "", *marked(mark, f"x = {word}")]
        case _:
            inner = draw(bodies(shown, marks=False))
            return marked(mark, f"if {word}:", *indented(inner))


@st.composite
def bodies(draw: st.DrawFn, shown: bool, marks: bool = True) -> list[str]:
    """Draw a body; of what is hidden or shown as a whole, without marks of its own."""
    if marks and not shown:
        parts = draw(st.lists(statements(shown=False, depth=1), min_size=1, max_size=4))
        return [line for part in parts for line in part]
    word = SHOWN if shown else SECRET
    return draw(st.lists(st.sampled_from([f"y = {word}", f"print({word})"]), min_size=1))


@st.composite
def functions(draw: st.DrawFn, inside: bool = False) -> list[str]:
    mark, private = draw(MARKS), draw(st.booleans())
    doc = draw(st.sampled_from([[], ['"""Do it."""']]))
    body = draw(bodies(shown=bool(mark), marks=not private))
    doc = doc if not private or mark else []
    name = "_private" if private else "public"
    decorators = draw(st.sampled_from([[], [f"@{SECRET}()"]])) if not mark else []
    head = f"def {name}({'self' if inside else 'a'}):"
    lines = marked(mark, head, *indented([*doc, *body]))
    return ["", *decorators, *lines] if not decorators or mark != "above" else ["", *lines]


@st.composite
def classes(draw: st.DrawFn) -> list[str]:
    members = st.one_of(functions(inside=True), statements(shown=False))
    parts = draw(st.lists(members, min_size=1, max_size=4))
    return ["", "class Public:", *indented([line for part in parts for line in part])]


SOLUTIONS = st.lists(
    st.one_of(statements(shown=False), functions(), classes()), min_size=1, max_size=5
).map(lambda parts: "\n".join(line for part in parts for line in part) + "\n")


@settings(max_examples=200, deadline=None)
@given(SOLUTIONS)
def test_no_line_of_a_body_is_in_the_stub_unless_it_is_given(source):
    stub = derive(source)

    assert SECRET not in stub
    assert source.count(SHOWN) == stub.count(SHOWN)
    assert "given" not in stub
    assert "_private" not in stub or "given" in source
    assert black.format_str(stub, mode=black.Mode(line_length=100)) == stub


@pytest.mark.parametrize("line", [line for line in ATTENTION.splitlines() if "# given" in line])
def test_a_forgotten_mark_never_shows_more(line):
    """Without one of its marks the stub has no line that it had not, but `raise` and `pass`."""
    forgetful = ATTENTION.replace(line, line.replace("# given", ""), 1)
    before = {text.strip() for text in derive(ATTENTION).splitlines()}
    try:
        after = {text.strip() for text in derive(forgetful).splitlines()}
    except StubError:
        return

    assert set() == after - before - {"raise NotImplementedError", "pass"}


def test_rules_stand_below_the_statement() -> None:
    long = "torch.nn.functional.scaled_dot_product_attention"
    forbidding, allowing, free = (
        rules(
            Kata(
                minutes=5,
                level="core",
                asked="?",
                asked_zh="？",
                hints=(),
                follow_ups={},
                source="",
                **more,
            )
        )
        for more in ({"forbids": (long, "torch.softmax")}, {"only": ("numpy",)}, {})
    )
    plain = derive(ATTENTION)

    for text in (forbidding, allowing):
        stub = derive(ATTENTION, text)
        statement, _, rest = stub.partition("\n# ")
        assert ast.get_docstring(ast.parse(stub)) == ast.get_docstring(ast.parse(plain))
        assert text == " ".join(
            line.removeprefix("# ") for line in f"# {rest}".split("\n\n")[0].splitlines()
        )
        assert plain == f"{statement}\n{rest.partition(chr(10) * 2)[2]}"
        assert max(map(len, stub.splitlines())) <= 100
        assert stub == black.format_str(stub, mode=black.Mode(line_length=100))
    assert "" == free
    assert plain == derive(ATTENTION, free)
