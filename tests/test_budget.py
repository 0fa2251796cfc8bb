# ruff: noqa: E501 — one text, one line
"""Costs are counted: the same on every run, and telling enough to catch a detour."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from msgspec import structs
from sample_suite import GRADER, Make

from dojo import budget, wire
from dojo.engine import Engine
from dojo.grade import Grader
from dojo.laws import Audit, audit_kata, cases_are_needed, inputs_are_well_conditioned
from dojo.meter import COUNTS, Meter
from dojo.reference import Expected, Outcome
from dojo.suite import CaseSpec
from dojo.verdict import KataResult, Verdict
from dojo.wire import Dict, Job, Observed

FILENAME = "answer.py"


def spend(
    text: str, *sizes: int, names: tuple[str, ...] = COUNTS, arrays: bool = False
) -> dict[str, int]:
    """Measure `f` of a source text on a tensor."""
    namespace = {"torch": torch, "F": torch.nn.functional}
    exec(compile(text, FILENAME, "exec"), namespace)
    x = torch.ones(*sizes)
    meter = Meter(names, FILENAME, arrays=arrays)
    with meter.case():
        result = namespace["f"](x)  # type: ignore[operator]
    del result
    assert meter.intact
    return meter.spent


ATTENTION = """
def naive(x):
    return (x @ x.mT).softmax(-1) @ x

def sliced(x, tile=16):
    weights = (x @ x.mT).softmax(-1)
    return torch.cat([weights[i : i + tile] @ x for i in range(0, len(x), tile)])

def tiled(x, tile=16):
    rows = []
    for i in range(0, len(x), tile):
        q = x[i : i + tile]
        top = x.new_full((len(q), 1), -torch.inf)
        total, sum_ = torch.zeros_like(top), torch.zeros_like(q)
        for j in range(0, len(x), tile):
            s = q @ x[j : j + tile].T
            new = torch.maximum(top, s.amax(-1, keepdim=True))
            p, old = (s - new).exp(), (top - new).exp()
            total, sum_, top = total * old + p.sum(-1, keepdim=True), sum_ * old + p @ x[j : j + tile], new
        rows.append(sum_ / total)
    return torch.cat(rows)

def broadcast(x):
    scores = (x[:, None] * x[None]).sum(-1)
    return (scores.softmax(-1)[:, :, None] * x[None]).sum(1)

def linear(x):
    return x @ (x.T @ x)

def fused(x):
    return F.scaled_dot_product_attention(x[None, None], x[None, None], x[None, None])[0, 0]
"""


def attention(which: str, n: int) -> dict[str, int]:
    return spend(f"{ATTENTION}\nf = {which}", n, 8, names=("elements", "flops", "peak"))


@pytest.mark.parametrize("which", ["naive", "sliced", "tiled", "broadcast", "fused"])
def test_attention_costs_four_times_as_much_at_twice_the_length(which: str) -> None:
    ratio = attention(which, 256)["flops"] / attention(which, 128)["flops"]

    assert 3.8 < ratio < 4.2


def test_linear_attention_costs_twice_as_much_at_twice_the_length() -> None:
    assert 2.0 == attention("linear", 512)["flops"] / attention("linear", 256)["flops"]


def test_a_product_costs_the_same_however_it_is_written() -> None:
    naive, broadcast = attention("naive", 256)["flops"], attention("broadcast", 256)["flops"]
    fused = attention("fused", 256)["flops"]

    assert 4 * 256 * 256 * 8 == fused
    assert fused < naive < 1.2 * fused
    assert fused <= broadcast < 1.2 * fused


def test_peak_memory_tells_tiles_from_the_whole_matrix() -> None:
    peaks = {which: attention(which, 512)["peak"] for which in ("naive", "sliced", "tiled")}
    matrix = 4 * 512**2

    assert peaks["naive"] >= 2 * matrix
    assert peaks["sliced"] >= 2 * matrix
    assert peaks["tiled"] < matrix / 10


def test_memory_that_is_given_back_counts_no_more() -> None:
    one = "def f(x): return x + 1"
    chain = "def f(x):\n    for _ in range(9): x = x + 1\n    return x"
    kept = "def f(x):\n    k = [x]\n    for _ in range(9): k.append(k[-1] + 1)\n    return k[-1]"
    graph = (
        "def f(x):\n    x = x.requires_grad_()\n    for _ in range(9): x = x.exp()\n    return x"
    )
    peaks = [spend(text, 1000, names=("peak",))["peak"] for text in (one, chain, kept, graph)]

    assert [4000, 8000, 36000, 36000] == peaks


def test_a_view_costs_nothing_and_keeps_its_whole_memory() -> None:
    views = "def f(x): return x[:, :1].T.reshape(-1).expand(3, -1)[:, None].detach()"
    kept = "def f(x):\n    y = (x + 1)[:, :1]\n    return [y, y + 1]"

    assert {"elements": 0, "flops": 0, "peak": 0, "steps": 2} == spend(views, 100, 1) | {"steps": 2}
    assert 4 * (100 * 50 + 100) == spend(kept, 100, 50)["peak"]


def test_memory_made_from_a_list_or_left_empty_counts() -> None:
    made = "def f(x): return torch.tensor([[1.0] * 100] * 10)"
    empty = "def f(x): return torch.empty(1000)"

    assert 4000 == spend(made, 1, names=("flops", "peak"))["peak"]
    assert {"elements": 0, "flops": 0, "peak": 4000} == spend(
        empty, 1, names=("elements", "flops", "peak")
    )


@pytest.fixture(scope="module", autouse=True)
def _warm() -> Iterator[None]:
    """What the warm process has behind it: the compiler imported, old objects out of the way."""
    with Meter(COUNTS, FILENAME).case():
        torch.ones(1)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


DECODING = """
def cached(x):
    k, out = x[:0], []
    for t in range(len(x)):
        k = torch.cat([k, x[t : t + 1] @ W])
        out.append((k @ x[t]).softmax(-1) @ k)
    return torch.stack(out)

def buffer(x):
    k, out = torch.empty_like(x), []
    for t in range(len(x)):
        k[t] = x[t] @ W
        out.append((k[: t + 1] @ x[t]).softmax(-1) @ k[: t + 1])
    return torch.stack(out)

def recomputed(x):
    out = []
    for t in range(len(x)):
        k = x[: t + 1] @ W
        out.append((k @ x[t]).softmax(-1) @ k)
    return torch.stack(out)
"""


def test_decoding_from_a_cache_is_told_from_recomputing() -> None:
    flops = {
        which: spend(f"W = torch.eye(32)\n{DECODING}\nf = {which}", 64, 32, names=("flops",))
        for which in ("cached", "buffer", "recomputed")
    }
    cached = flops["cached"]["flops"]

    assert 0.6 * cached < flops["buffer"]["flops"] <= cached
    assert flops["recomputed"]["flops"] > 8 * cached


GATHERED = {
    "index": "def f(x): return x[torch.tensor([1, 2])]",
    "select": "def f(x): return x.index_select(0, torch.tensor([1, 2]))",
    "embedding": "def f(x): return F.embedding(torch.tensor([1, 2]), x)",
    "write": "def f(x): x[torch.tensor([1, 2])] = torch.zeros(2, 4)",
    "scatter": "def f(x): x.index_add_(0, torch.tensor([1, 2]), torch.zeros(2, 4))",
}


@pytest.mark.parametrize("text", GATHERED.values(), ids=GATHERED)
def test_a_few_rows_cost_no_more_in_a_large_table(text: str) -> None:
    names = ("elements", "flops")

    assert spend(text, 10, 4, names=names) == spend(text, 1000, 4, names=names)


PRODUCTS = {
    "mm": ("def f(x): return x @ x.T", (5, 7), 2 * 5 * 5 * 7),
    "mv": ("def f(x): return x @ torch.ones(7)", (5, 7), 2 * 5 * 7 + 7),
    "bmm": ("def f(x): return x @ x.mT", (3, 5, 7), 2 * 3 * 5 * 5 * 7),
    "bilinear": ("def f(x): return F.bilinear(x, x, torch.ones(4, 7, 7))", (5, 7), 2 * 5 * 4 * 49 + 196),
    "einsum": ("def f(x): return torch.einsum('bij,bkj->bik', x, x)", (3, 5, 7), 2 * 3 * 25 * 7),
    "linear": ("def f(x): return F.linear(x, torch.ones(4, 7), torch.ones(4))", (5, 7), 300 + 8 + 24),
    "conv1d": ("def f(x): return F.conv1d(x, torch.ones(4, 3, 2))", (2, 3, 9), 2 * 64 * 6 + 24),
    "grouped": ("def f(x): return F.conv1d(x, torch.ones(6, 1, 2), groups=3)", (2, 3, 9), 2 * 96 * 2 + 12),
    "transposed": ("def f(x): return F.conv_transpose1d(x, torch.ones(3, 4, 2))", (2, 3, 9), 2 * 54 * 8 + 24),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shape", "flops"), PRODUCTS.values(), ids=PRODUCTS)
def test_products_cost_two_for_each_multiplication(
    text: str, shape: tuple[int, ...], flops: int
) -> None:
    assert flops == spend(text, *shape, names=("flops",))["flops"]


def test_backward_passes_count() -> None:
    forward = spend("def f(x): return x @ x.T", 20, 20, names=("flops",))["flops"]
    both = "def f(x):\n    x = x.requires_grad_(); (x @ x.T).sum().backward()"

    assert spend(both, 20, 20, names=("flops",))["flops"] > 3 * forward


NUMPY = """
import numpy as np
def f(x):
    x = np.arange(1000.0)
    return (x[:, None] < x).mean()
"""


def test_arrays_count_as_memory() -> None:
    peak = spend(NUMPY, 1, names=("peak",), arrays=True)["peak"]

    assert 0.95e6 < peak < 1.2e6


def test_loops_count_as_steps() -> None:
    loop = "def f(x):\n    for i in range(100):\n        x = x + 1\n    return x"
    listed = "def f(x): return [x for i in range(100)]"
    called = "def f(x): return sum(map(lambda i: i, range(100)))"

    assert 200 <= spend(loop, 1, names=("steps",))["steps"] < 210
    assert 100 <= spend(listed, 1, names=("steps",))["steps"] < 210
    assert 100 <= spend(called, 1, names=("steps",))["steps"] < 210
    assert spend("def f(x): return x", 1, names=("steps",))["steps"] < 5


def test_only_spans_count_once_there_is_one() -> None:
    meter = Meter(("flops", "peak"))
    with meter.case():
        x = torch.ones(1000)
        with meter.span():
            y = x + 1
        z = torch.cat([y] * 50)
        with meter.span():
            y = torch.cat([x, x])
        del z

    assert {"flops": 3000, "peak": 8000} == meter.spent
    assert meter.intact


def test_spans_do_not_nest() -> None:
    meter = Meter(("flops",))
    with (
        pytest.raises(RuntimeError, match="inside another"),
        meter.case(),
        meter.span(),
        meter.span(),
    ):
        pass
    assert 0 == torch._C._len_torch_dispatch_stack()


def test_nothing_is_measured_unless_asked_for() -> None:
    meter = Meter()
    with meter.case(), meter.span():
        assert 0 == torch._C._len_torch_dispatch_stack()
    assert {} == meter.spent


def test_everything_is_put_back_after_an_error() -> None:
    meter = Meter(COUNTS, FILENAME)
    with pytest.raises(ZeroDivisionError), meter.case():
        raise ZeroDivisionError
    assert 0 == torch._C._len_torch_dispatch_stack()
    assert meter.spent.keys() == set(COUNTS)


def test_results_are_the_same_to_the_bit() -> None:
    x = torch.randn(5, 5, requires_grad=True)
    plain = torch.autograd.grad((x @ x).softmax(-1)[0].sum(), x)
    with Meter(COUNTS).case():
        measured = torch.autograd.grad((x @ x).softmax(-1)[0].sum(), x)
    assert torch.equal(plain[0], measured[0])


TAMPERING = {
    "off": "from torch.utils._python_dispatch import _pop_mode\ndef f(x):\n    _pop_mode(); return x + 1",
    "covered": "from torch.utils._python_dispatch import TorchDispatchMode\nclass M(TorchDispatchMode):\n    def __torch_dispatch__(self, f, t, a=(), k=None): return f(*a, **(k or {}))\ndef f(x):\n    M().__enter__(); return x + 1",
    "trace": "import sys\ndef f(x):\n    sys.settrace(None); return x + 1",
    "memory": "import tracemalloc\ndef f(x):\n    tracemalloc.stop(); return x + 1",
}


@pytest.mark.parametrize("text", TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_noticed(text: str) -> None:
    from torch.utils._python_dispatch import _pop_mode

    try:
        with pytest.raises(AssertionError):
            spend(text, 3, arrays=True)
    finally:
        while torch._C._len_torch_dispatch_stack():
            _pop_mode()


SOLUTION = '''"""Nearest rows.

Return the smallest distance between two rows of x and of y, |x − y| summed over the columns.

>>> nearest(torch.zeros(2, 3), torch.ones(4, 3))
tensor(3.)
"""

import torch
from torch import Tensor


def nearest(x: Tensor, y: Tensor) -> Tensor:
    """Return a scalar, row by row of x: the matrix of distances would not fit."""
    found = min((row - y).abs().sum(-1).amin() for row in x)
    # ✗ found = torch.stack([(row - y).abs().sum(-1) for row in x]).amin() — All distances are kept
    #   until the end: take each row's minimum at once.
    # ✗ found = (x[:, None] - y).abs().sum(-1).amin() — The differences of all pairs are held at
    #   once: go row by row.
    # ✗ found = min((row - y).abs().sum(-1).amin() for row in x for _ in y[:20]) — Every row is
    #   looked at again and again: once is enough.
    return found
    # ✗ return found * 2 — Each pair counts twice: add it once.
'''

BUDGET = '''

@case(n=40, m=300, budget={"peak": 2})
def memory(kata, draw, n, m):
    """keeps no distance longer than needed"""
    x, y = draw.normal(n, 4), draw.normal(m, 4)
    with draw.measured():
        return kata.nearest(x, y)


@case(n=30, m=200, budget={"flops": 3, "elements": 3})
def work(kata, draw, n, m):
    """looks at every pair once"""
    return kata.nearest(draw.normal(n, 4), draw.normal(m, 4))
'''
METADATA = GRADER[: GRADER.index("@case")]
KATA = METADATA + BUDGET.strip() + "\n"
HEADER = "import torch\ndef nearest(x, y):\n"

ROWS = "    return torch.stack([(y - row).abs().sum(-1).amin() for row in x]).amin()"
GENTLE = "    best = torch.tensor(torch.inf)\n    for row in x:\n        d = row.sub(y).abs_()\n        best = torch.minimum(best, d.sum(1).min())\n    return best"
FULL = "    return torch.cdist(x, y, p=1).min()"
BROADCAST = "    d = x.unsqueeze(1) - y.unsqueeze(0)\n    return d.abs().sum(2).min()"


@pytest.fixture
def grade(engine: Engine, make_suite: Make, tmp_path: Path) -> object:
    entry = make_suite(SOLUTION, KATA, "basics/nearest").entries[0]
    grader = Grader(engine, tmp_path / "expected")

    def run(body: str) -> KataResult:
        path = tmp_path / "answer.py"
        path.write_text(HEADER + body, encoding="utf-8")
        return grader.grade(entry, path)

    return run


@pytest.mark.parametrize("body", [ROWS, GENTLE])
def test_right_answers_of_another_style_keep_within_the_budget(grade, body: str) -> None:  # type: ignore[no-untyped-def]
    result = grade(body)

    assert Verdict.PASSED is result.verdict, [case.summary for case in result.cases]
    assert () == result.doubts


def test_a_detour_through_memory_is_refused_and_explained(grade) -> None:  # type: ignore[no-untyped-def]
    result = grade(BROADCAST)
    memory, work = result.cases

    assert Verdict.TOO_MUCH_MEMORY is memory.verdict
    assert memory.summary == (
        "right, but it needs 45× the peak memory that the solution needs (allowed: 2×)"
    )
    assert "The differences of all pairs are held at once: go row by row." == memory.why
    assert Verdict.PASSED is work.verdict


def test_the_nearest_detour_is_the_diagnosis(grade) -> None:  # type: ignore[no-untyped-def]
    memory = grade(FULL).cases[0]

    assert Verdict.TOO_MUCH_MEMORY is memory.verdict
    assert memory.why.startswith("All distances are kept until the end")


def test_too_much_work_is_too_slow(grade) -> None:  # type: ignore[no-untyped-def]
    memory, work = grade(
        "    for _ in range(7): found = nearest_(x, y)\n    return found\nnearest_ = lambda x, y: min((row - y).abs().sum(-1).amin() for row in x)"
    ).cases

    assert Verdict.PASSED is memory.verdict
    assert Verdict.TOO_SLOW is work.verdict
    assert work.summary.startswith("right, but it needs 6.9× the floating-point operations")


def test_wrong_values_come_before_costs(grade) -> None:  # type: ignore[no-untyped-def]
    result = grade(BROADCAST.replace("d.abs()", "2 * d.abs()"))

    assert {Verdict.WRONG} == {case.verdict for case in result.cases}
    assert {"Each pair counts twice: add it once."} == {result.cases[1].why}


def test_work_out_of_sight_is_doubted(grade) -> None:  # type: ignore[no-untyped-def]
    result = grade(
        "    import numpy as np\n    a, b = np.array(x.tolist()), np.array(y.tolist())\n    return torch.from_numpy(np.abs(a[:, None] - b).sum(-1).min(keepdims=True)).sum().float()"
    )
    switched_off = grade(
        "    from torch.utils._python_dispatch import _pop_mode\n    _pop_mode()\n" + BROADCAST
    )

    assert Verdict.PASSED is result.verdict
    assert ["line 4: np.array", "line 5: np.abs"] == list(result.doubts[:2])
    assert "hardly any peak memory where the solution needs" in result.doubts[2]
    assert len(result.doubts) == 5
    assert "the measurement of its cost was tampered with" in " ".join(switched_off.doubts)


def test_the_numbers_are_the_same_on_every_run(
    engine: Engine, make_suite: Make, tmp_path: Path
) -> None:
    from dojo.mistakes import reference
    from dojo.reference import Key, References

    key = Key.of(make_suite(SOLUTION, KATA, "basics/nearest").entries[0])
    source = reference(SOLUTION)
    runs = []
    for _ in range(5):
        with_counts = References(engine, tmp_path).observe(key, source, [60.0, 60.0])
        runs.append([outcome.observed and outcome.observed.spent for outcome in with_counts])

    assert all(runs)
    assert [runs[0]] * 5 == runs


def test_the_kata_keeps_the_laws(engine: Engine, make_suite: Make) -> None:
    entry = make_suite(SOLUTION, KATA, "basics/nearest").entries[0]

    assert [] == [str(broken) for broken in audit_kata(entry, engine)]


@pytest.mark.parametrize(
    ("budget", "complaint"),
    [
        ('"peak": 90', "no mistake breaks the budget of peak"),
        ('"peak": 2, "steps": 50', "no mistake breaks the budget of steps"),
        ('"peek": 2', "nobody counts 'peek'"),
    ],
)
def test_a_budget_that_nothing_breaks_is_against_the_law(
    engine: Engine, make_suite: Make, budget: str, complaint: str
) -> None:
    grader = KATA.replace('"peak": 2', budget)
    entry = make_suite(SOLUTION, grader, "basics/nearest").entries[0]

    broken = list(cases_are_needed(Audit(entry, engine)))
    assert any(complaint in message for message in broken), broken


def test_a_cost_that_hangs_on_rounding_is_against_the_law(engine: Engine, make_suite: Make) -> None:
    solution = SOLUTION.replace(
        "    return found\n",
        "    if x.double().sum() * 1e9 % 2 < 1:\n        (x[:, None] - y).abs()\n    return found\n",
    )
    entry = make_suite(solution, KATA, "basics/nearest").entries[0]

    broken = list(inputs_are_well_conditioned(Audit(entry, engine)))
    assert any("hang on a rounding error" in message for message in broken), broken


SPEC = CaseSpec("f", "title", {}, None, {"flops": 3.0}, 1)


def outcome(
    measured: bool = True, hosted: tuple[tuple[str, Dict], ...] = (), **spent: int
) -> Outcome:
    return Outcome(Observed(0, spent=tuple(spent.items()), measured=measured), hosted=hosted)


@pytest.mark.parametrize(("count", "over"), [(0, False), (300, False), (301, True)])
def test_the_limit_itself_is_allowed(count: int, over: bool) -> None:
    expected = Expected(outcome(flops=100), None)

    assert over is bool(budget.excesses(SPEC, expected, outcome(flops=count)))


@pytest.mark.parametrize(
    ("count", "words"),
    [(301, "3.0×"), (1400, "14×"), (10**9, "more than 100×")],
)
def test_the_summary_says_how_many_times_and_no_more(count: int, words: str) -> None:
    found = budget.excesses(SPEC, Expected(outcome(flops=100), None), outcome(flops=count))

    assert (
        f"right, but it needs {words} the floating-point operations that the solution needs (allowed: 3×)"
        == budget.words(found)
    )


def test_a_missing_count_is_no_pass() -> None:
    from dojo.grade import Judge

    result = Judge().judge(SPEC, Expected(outcome(flops=100), None), outcome())

    assert Verdict.NO_ANSWER is result.verdict
    assert "what it costs could not be counted" == result.summary


def test_work_of_a_class_of_tensors_is_not_overlooked(engine: Engine) -> None:
    cases = "def case(kata, draw):\n    return kata.f(draw.normal(3, 3))"
    source = (
        "import torch\nclass Mine(torch.Tensor):\n    @classmethod\n"
        "    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):\n"
        "        return torch.ones(9, 9) @ torch.ones(9, 9)\n"
        "def f(x): return torch.neg(x[:0].as_subclass(Mine)) + torch.zeros(1)"
    )
    job = Job(source, FILENAME, cases, (("1", "case", Dict(())),), counts={"1": ("flops",)})

    ended = engine.run(job, [9.0]).ended[0]

    assert isinstance(ended, Observed)
    assert None is ended.failure
    assert () == ended.spent


@pytest.mark.parametrize("copy", ["q.numpy()", "np.asarray(q)", "np.from_dlpack(q)"])
def test_memory_that_numpy_holds_is_not_overlooked(engine: Engine, copy: str) -> None:
    cases = (
        "def case(kata, draw):\n    q = draw.normal(30)\n    with draw.measured():\n"
        "        y = kata.f(q + draw.normal(30))\n    return y, y.numpy().tolist() == y.tolist()"
    )
    source = f"import numpy as np, torch\ndef f(q):\n    return torch.from_numpy({copy} * 2)"
    job = Job(source, FILENAME, cases, (("1", "case", Dict(())),), counts={"1": ("flops", "peak")})
    honest = "import torch\ndef f(q):\n    return q * 2"

    def counted(job: Job) -> list[str]:
        return [name for name, _ in engine.run(job, [9.0]).ended[0].spent]  # type: ignore[union-attr]

    assert ["flops"] == counted(job)
    assert ["flops", "peak"] == sorted(counted(structs.replace(job, source=honest)))


def test_a_negative_count_is_no_message() -> None:
    with pytest.raises(wire.Malformed):
        wire._parse(wire._encoder.encode(outcome(flops=-1).observed), from_child=True)


def test_counts_of_hosted_objects_add_up_and_are_not_compared() -> None:
    spec = CaseSpec("f", "title", {}, None, {"calls": 2.0}, 1)
    log = Dict((("calls", 4), ("arms", "ab")))
    ours = outcome(hosted=(("A", log), ("A", log)))
    theirs = outcome(hosted=(("A", Dict((("calls", 9),))), ("A", Dict((("calls", 8),)))))

    assert [17] == [found.count for found in budget.excesses(spec, Expected(ours, None), theirs)]
    assert Dict((("arms", "ab"),)) == budget.unbudgeted(log, spec.budget)


def test_a_case_without_budget_is_not_measured(engine: Engine) -> None:
    cases = "def case(kata, draw):\n    with draw.measured():\n        return [len(kata.stack())]"
    source = "import torch\ndef stack(): return [0] * torch._C._len_torch_dispatch_stack()"
    seeds = ("1", "2")
    runs = tuple((seed, "case", Dict(())) for seed in seeds)
    job = Job(source, FILENAME, cases, runs, counts={"2": ("flops",)})
    run = engine.run(job, [9.0, 9.0])

    assert [[0], [1]] == [wire.decode(run.ended[index].value) for index in (0, 1)]  # type: ignore[union-attr]
    assert [(), (("flops", 0),)] == [run.ended[index].spent for index in (0, 1)]  # type: ignore[union-attr]
