"""Each law lets a sound kata pass and says what is wrong with a broken one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo import laws
from dojo.engine import Engine
from dojo.laws import Audit, audit_kata, audit_suite
from dojo.suite import Suite

Law = Callable[[Audit], Iterator[str]]


def broken(engine: Engine, suite: Suite, law: Law) -> list[str]:
    """Return what a law says about the only kata of a suite."""
    (entry,) = Suite(suite.root).entries
    return list(law(Audit(entry, engine)))


def test_sound_kata_keeps_every_law(engine: Engine, make_suite: Make) -> None:
    suite = make_suite()

    assert [] == list(map(str, audit_kata(suite.entries[0], engine)))
    assert [] == list(map(str, audit_suite(suite)))


NOT_A_STUB = SOLUTION.replace(
    "def scaled_sum", "def helper(x):  # given\n    return x\n\n\ndef scaled_sum"
)

BREAKS = [
    (laws.mistakes_are_many, "no `# ✗` line", {"no mistakes": True}, {}),
    (laws.mistakes_are_many, "is still to do", {"Scaled sum.": "TODO: a title."}, {}),
    (laws.mistakes_are_many, "is still to do", {}, {"Add and scale.": "TODO"}),
    (
        laws.solution_passes,
        "does it depend on anything but its inputs?",
        {"return total * scale\n": "return total * scale + __import__('os').getpid()\n"},
        {},
    ),
    (
        laws.inputs_are_well_conditioned,
        "choose inputs that do not amplify rounding",
        {"total = x + y\n": "total = torch.sin(1e7 * (x + y))\n"},
        {},
    ),
    (laws.inputs_stay, "written into", {"total = x + y\n": "total = x.add_(y)\n"}, {}),
    (laws.examples_run, "gives something else", {"tensor([6.])": "tensor([7.])"}, {}),
    (laws.examples_run, "has no `>>>` example", {">>> ": "", "tensor([6.])\n": ""}, {}),
    (
        laws.stub_is_not_started,
        "the bare stub is graded",
        {"def scaled_sum": "def scaled_sum", "    if scale == 0": "    if scale == 0"},
        {"    kata.scaled_sum(draw.normal(n), draw.normal(n), scale=0.0)": "    raise ValueError"},
    ),
    (
        laws.mistakes_are_caught,
        "the mistake passes every case",
        {"✗ return total — The": "✗ return scale * total * 1.0 — The"},
        {},
    ),
    (
        laws.mistakes_are_caught,
        "is taken for another one",
        {"✗ return total.float() * scale — The": "✗ return x + y + 0 * scale — The"},
        {},
    ),
    (
        laws.mistakes_do_not_only_crash,
        "this wrong line only crashes (NameError: name 'totl' is not defined): write what people",
        {"✗ return total — The": "✗ return totl — The"},
        {},
    ),
    (
        laws.mistakes_do_not_only_crash,
        "this wrong line only crashes (UnboundLocalError: ",
        {"✗ total = x - y —": "✗ total = total + x —"},
        {},
    ),
    (
        laws.mistakes_do_not_only_crash,
        "this wrong line only crashes (AttributeError: module 'torch' has no attribute 'multiply_a",
        {"✗ return total — The": "✗ return torch.multiply_all(total) — The"},
        {},
    ),
    (
        laws.cases_are_needed,
        "catches no mistake",
        {},
        {"@case(n=2, raises": '@case(n=7)\ndef idle(kata, draw, n):\n    """idles"""\n    '
         "return draw.normal(n)\n\n\n@case(n=2, raises"},
    ),
    (laws.names_exist, "no such kata", {}, {'level="warmup"': 'level="warmup", needs=("a/b",)'}),
    (
        laws.names_exist,
        "there is a kata of that id",
        {},
        {'level="warmup"': 'level="warmup", was=("basics/scaled_sum",)'},
    ),
    (
        laws.names_exist,
        "there is no such name",
        {},
        {'level="warmup"': 'level="warmup", forbids=("torch.softmaxx", "torch.nn.GELU")'},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("law", "message", "in_solution", "in_grader"), BREAKS)
def test_law_is_broken(
    engine: Engine,
    make_suite: Make,
    law: Law,
    message: str,
    in_solution: dict[str, str],
    in_grader: dict[str, str],
) -> None:
    solution, grader = SOLUTION, GRADER
    for old, new in in_solution.items():
        if old == "no mistakes":
            solution = "\n".join(line for line in solution.splitlines() if "✗" not in line) + "\n"
            continue
        assert old in solution
        solution = solution.replace(old, new)
    for old, new in in_grader.items():
        assert old in grader
        grader = grader.replace(old, new)
    assert [] == broken(engine, make_suite(), law)

    assert message in "\n".join(broken(engine, make_suite(solution, grader), law))


def test_stub_that_is_not_derived_is_found(engine: Engine, make_suite: Make) -> None:
    suite = make_suite()
    entry = suite.entries[0]
    text = entry.stub.read_text()

    entry.solution.write_text(SOLUTION.replace("Scaled sum.", "Sum."), encoding="utf-8")
    assert "not what the solution derives to" in broken(engine, suite, laws.stub_is_current)[0]
    entry.solution.write_text(SOLUTION, encoding="utf-8")
    entry.stub.write_text(text + "\n# an answer\n")
    assert [] == broken(engine, suite, laws.stub_is_current)
    entry.stub.unlink()
    assert "there is no stub" in broken(engine, suite, laws.stub_is_current)[0]


def test_missing_oracle_is_found(engine: Engine, make_suite: Make) -> None:
    suite = make_suite()
    (suite.root / "tests" / "oracles" / "basics" / "test_scaled_sum.py").unlink()

    assert (
        "write tests/oracles/basics/test_scaled_sum.py"
        in broken(engine, suite, laws.oracle_exists)[0]
    )


@pytest.mark.parametrize(
    ("solution", "grader", "message"),
    [
        (SOLUTION.replace("total = x + y\n", "total = x + nothing\n"), GRADER, "raises NameError"),
        (SOLUTION.replace("x - y —", "x - —"), GRADER, "does not compile with this mistake"),
        (SOLUTION, GRADER.replace("minutes=5", "minutes=0"), "minutes must be"),
        (
            SOLUTION,
            GRADER.replace("raises=ValueError", "raises=KeyError"),
            "declares raises=KeyError",
        ),
    ],
)
def test_kata_that_does_not_work_is_one_violation_and_no_traceback(
    engine: Engine, make_suite: Make, solution: str, grader: str, message: str
) -> None:
    suite = make_suite()
    entry = suite.entries[0]
    entry.solution.write_text(solution, encoding="utf-8")
    entry.grader.write_text(grader, encoding="utf-8")

    found = "\n".join(map(str, audit_kata(Suite(suite.root).entries[0], engine)))

    assert message in found


DRAWN = "    return kata.scaled_sum(draw.normal(n, m), draw.normal(n, m), scale=scale)"
FLOAT64 = '    x = draw.normal(n, dtype="float64")'
IN_OUTPUT = "the solution, in case output[n=3,m=4,scale=2.5], "
FAULTS = {
    "name in the solution": (
        {"total = x + y\n": "total = x + nothing\n"},
        {},
        "solutions/basics/scaled_sum.py:18: " + IN_OUTPUT
        + "raises NameError: name 'nothing' is not defined, in `total = x + nothing`: mend",
    ),
    "line below mistakes": (
        {"return total * scale\n": "return total * scale.nothing\n"},
        {},
        "solutions/basics/scaled_sum.py:20: " + IN_OUTPUT + "raises AttributeError",
    ),
    "call in the grader": (
        {},
        {DRAWN: "    n = 2 * n\n    # a comment\n    return kata.scaled_sum(draw.normal(n))"},
        "graders/basics/scaled_sum.py:22: " + IN_OUTPUT + "raises TypeError: scaled_sum()",
    ),
    "later case": (
        {},
        {FLOAT64: "    x = draw.normal(  # a comment\n        n, dtype='float63'\n    )"},
        "graders/basics/scaled_sum.py:26: the solution, in case float64[n=5], raises TypeError: "
        'draw.normal takes dtype="float64"',
    ),
    "word that draw lacks": (
        {},
        {DRAWN: "    return draw.bernoulli(3)"},
        "raises AttributeError: draw has no `bernoulli`: there are numpy, meta, normal, zeros, "
        "uniform, integers, booleans, permutation, rng, generator, weights, gradients, backward, "
        "measured and host, in `return draw.bernoulli(3)`: mend",
    ),
    "name that the solution lacks": (
        {},
        {DRAWN: "    return kata.scale_sum()"},
        "graders/basics/scaled_sum.py:20: " + IN_OUTPUT
        + "needs `scale_sum`, which is not defined, in `return kata.scale_sum()`",
    ),
    "missing module": (
        {},
        {"from dojo import": "import scippy\nfrom dojo import"},
        "graders/basics/scaled_sum.py:3: " + IN_OUTPUT
        + "raises ModuleNotFoundError: No module named 'scippy', in `import scippy`",
    ),
    "module that the solution lacks": (
        {"import torch\n": "import scippy\nimport torch\n"},
        {},
        "solutions/basics/scaled_sum.py:9: the solution does not load (ModuleNotFoundError: "
        "No module named 'scippy', in `import scippy`): mend it",
    ),
    "mistake that does not load": (
        {"import torch\n": "import torch\n# ✗ import touch — A touch: import torch.\n"},
        {},
        "solutions/basics/scaled_sum.py:10: the solution does not load with this mistake "
        "(ModuleNotFoundError",
    ),
    "class instance": (
        {},
        {DRAWN: "    return {'y': [1, kata.scaled_sum]}"},
        "graders/basics/scaled_sum.py:16: the solution, in case output[n=3,m=4,scale=2.5], returns "
        "a function at y[1]: an observation is made of dicts with text keys, lists, tuples, "
        "arrays, tensors, numbers, text and None",
    ),
    "keys that are no text": (
        {},
        {DRAWN: "    return {1: 2}"},
        IN_OUTPUT + "returns a dict with keys that are not text: an observation is made of dicts",
    ),
    "object": (
        {"    return total * scale\n": "    return total * scale, object()\n"},
        {},
        IN_OUTPUT + "returns an object at [1]: an observation is made of dicts",
    ),
    "other error than declared": (
        {},
        {"raises=ValueError": "raises=KeyError"},
        "solutions/basics/scaled_sum.py:16: the solution, in case zero[n=2], raises ValueError: a "
        'scale of zero loses everything, in `raise ValueError("a scale of zero loses everything")`'
        ", but declares raises=KeyError",
    ),
    "syntax of the solution": (
        {"total = x + y\n": "total = x +\n"},
        {},
        "solutions/basics/scaled_sum.py:18: is not valid Python (invalid syntax): mend this line",
    ),
    "syntax of the grader": (
        {},
        {FLOAT64: "    x = = 3"},
        "graders/basics/scaled_sum.py:26: is not valid Python (invalid syntax): mend this line",
    ),
    "mistake": (
        {"x - y —": "x - —"},
        {},
        "solutions/basics/scaled_sum.py:19: the solution does not compile with this mistake",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told_once_with_file_and_line(engine: Engine, make_suite: Make, name: str) -> None:
    in_solution, in_grader, message = FAULTS[name]
    entry = make_suite().entries[0]
    for path, changes in ((entry.solution, in_solution), (entry.grader, in_grader)):
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    found = audit_kata(Suite(entry.root).entries[0], engine)

    told = [str(one.message) for one in found]
    assert message in "\n".join(told)
    assert 1 == sum(message.partition(" in case")[0] in one for one in told), told
    if "syntax" in name:
        assert ["Solution and grader can be read"] == [one.law for one in found]


def test_one_cause_is_told_once_with_a_count(engine: Engine, make_suite: Make) -> None:
    by_process = SOLUTION.replace(
        "return total * scale\n", "return total * (scale + __import__('os').getpid())\n"
    )
    (told,) = broken(engine, make_suite(by_process), laws.solution_passes)
    assert told.startswith("output[n=3,m=4,scale=2.5]: wrong, ")
    assert told.endswith(": does it depend on anything but its inputs? (29 more like it)")

    amplified = SOLUTION.replace("total = x + y\n", "total = torch.sin(1e7 * (x + y))\n")
    told, *others = broken(engine, make_suite(amplified), laws.inputs_are_well_conditioned)
    assert told.endswith(" more like it)") and not others, (told, others)


@pytest.mark.parametrize("wrong", ["return total.skale", "return total if len(x) == 3 else totl"])
def test_mistake_that_crashes_otherwise_is_none_of_spelling(
    engine: Engine, make_suite: Make, wrong: str
) -> None:
    solution = SOLUTION.replace("✗ return total — The", f"✗ {wrong} — The")

    assert [] == broken(engine, make_suite(solution), laws.mistakes_do_not_only_crash)


SHUFFLE = '''"""Noisy sum.

>>> noisy(torch.zeros(2), torch.Generator()).shape
torch.Size([2])
"""

import torch
from torch import Tensor


def noisy(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Add normal noise."""
    return x + torch.randn(x.shape, generator=generator)
    # ✗ return x - 1 + torch.randn(x.shape, generator=generator) — One too little: add noise.
'''
DRAW_NOISE = "    return kata.noisy(draw.normal(n), draw.generator())"
UNMARKED = (
    GRADER[: GRADER.index("@case(")]
    + '@case(n=3)\n@case(n=2)\ndef output(kata, draw, n):\n    """adds noise"""\n'
    + DRAW_NOISE
    + "\n"
)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("kata.noisy(draw.normal(n), draw.generator())", "hangs on the random numbers"),
        ("kata.noisy(draw.normal(n))", "hangs on the random numbers"),
        ("draw.normal(n), kata.noisy(draw.normal(n)) > 0", "hangs on the random numbers"),
        ("samples(kata.noisy(draw.zeros(1)).expand(500, 1))", "independent of one another"),
        ("samples(kata.noisy(draw.zeros(500, n)))", ""),
        ("kata.noisy(draw.normal(n), draw.generator(exact=True))", ""),
        ("kata.noisy(draw.normal(n), torch.Generator().manual_seed(5))", ""),
        ("torch.from_numpy(draw.rng(exact=True).normal(size=n))", ""),
        ("torch.from_numpy(draw.rng().normal(size=n))", "hangs on the random numbers"),
        ("kata.noisy(draw.normal(n), draw.generator()).shape[0]", ""),
    ],
)
def test_what_hangs_on_chance_has_to_be_marked(
    engine: Engine, make_suite: Make, returned: str, message: str
) -> None:
    grader = UNMARKED.replace(DRAW_NOISE, f"    return {returned}")
    grader = grader.replace("from dojo import", "import torch\nfrom dojo import samples,")

    told = broken(engine, make_suite(SHUFFLE, grader), laws.chance_is_sampled)

    assert len(told) == bool(message) and message in "".join(told)


def test_stray_file_and_stale_catalogue_are_found(make_suite: Make) -> None:
    suite = make_suite()
    (suite.root / "katas" / "basics" / "orphan.py").write_text("")
    readme = suite.root / "README.md"
    readme.write_text(readme.read_text().replace("Add and scale.", "Add."))

    messages = [str(violation) for violation in audit_suite(Suite(suite.root))]

    assert 2 == len(messages)
    assert "orphan.py" in messages[0]
    assert "run `nox -s stubs`" in messages[1]


def test_ring_of_needs_is_found(make_suite: Make, tmp_path: Path) -> None:
    make_suite(grader=GRADER.replace('level="warmup"', 'level="warmup", needs=("basics/b",)'))
    suite = make_suite(
        grader=GRADER.replace('level="warmup"', 'level="warmup", needs=("basics/scaled_sum",)'),
        id="basics/b",
    )

    assert any("break the ring of needs" in str(violation) for violation in audit_suite(suite))
