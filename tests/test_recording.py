# ruff: noqa: E501 — one text, one line
"""What is seen to run underneath an answer."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch

from dojo.recording import Watched, watching
from dojo.rules import forbidden_operators
from dojo.rules.families import FAMILIES
from dojo.rules.names import _spell
from dojo.rules.operators import _operators_of

FILENAME = "answer.py"
SOFTMAX = ("torch.softmax",)
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def run(
    text: str,
    forbids: tuple[str, ...] = SOFTMAX,
    *,
    shape: tuple[int, ...] = (3, 4),
    gradient: bool = False,
    lines: bool = False,
    names: Any = None,
) -> tuple[Watched, Any]:
    """Run `f` of an answer as a case would, and return what was seen and what it gave."""
    answer: dict[str, Any] = {"__name__": "answer"}
    exec(compile(HEADER + text, FILENAME, "exec"), answer)
    x = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape).requires_grad_()
    names = forbidden_operators(forbids) if names is None else names
    with watching(FILENAME, names, lines=lines) as watched:
        y = answer["f"](x)
        if gradient:
            y.sum().backward()
    return watched, y


SEEN = {
    "the plain call": "def f(x): return torch.softmax(x, -1)",
    "a module": "def f(x): return nn.Softmax(-1)(x)",
    "a subclass of the module": "class A(nn.Softmax): pass\ndef f(x): return A(-1)(x)",
    "softmin": "def f(x): return F.softmin(-x, -1)",
    "gumbel": "def f(x): return F.gumbel_softmax(x, dim=-1)",
    "special": "def f(x): return torch.special.softmax(x, -1)",
    "log_softmax": "def f(x): return x.log_softmax(-1).exp()",
    "cross_entropy": "def f(x): return F.cross_entropy(x, torch.tensor([0, 1, 2]), reduction='none')",
    "a category distribution": "def f(x): return torch.distributions.Categorical(logits=x).probs",
    "a built name": "def f(x): return getattr(torch, 'xamtfos'[::-1])(x, -1)",
    "an operator": "def f(x): return torch.ops.aten._softmax(x, -1, False)",
    "a safe operator": "def f(x): return torch.ops.aten._safe_softmax.default(x, -1)",
    "the masked operator": "def f(x): return torch._masked_softmax(x, torch.zeros(3, 4).bool(), -1, 0)",
    "sparse": "def f(x): return torch.sparse.softmax(x.detach().to_sparse(), -1).to_dense()",
    "the C module": "def f(x): return torch._C._VariableFunctions.softmax(x, -1)",
    "exec": "def f(x):\n    exec('y = x.softmax(-1)'); return locals()['y']",
    "base64": "import base64\nexec(base64.b64decode('ZiA9IGxhbWJkYSB4OiB4LnNvZnRtYXgoLTEp'))",
    "attrgetter": "import operator\ndef f(x): return operator.attrgetter('soft' + 'max')(x)(-1)",
    "methodcaller": "import operator\ndef f(x): return operator.methodcaller('soft' + 'max', -1)(x)",
    "TorchScript": "u = torch.jit.CompilationUnit('def g(x): return torch.so' 'ftmax(x, -1)\\n')\ndef f(x): return u.g(x)",
    "tracing": "def f(x): return torch.jit.trace(lambda y: y.softmax(-1), x)(x)",
    "vmap": "def f(x): return torch.func.vmap(lambda y: y.softmax(0))(x)",
    "a tangent": "def f(x): return torch.func.jvp(lambda y: y.softmax(-1), (x.detach(),), (x.detach(),))[0]",
    "a disabled function mode": "def f(x):\n    with torch._C.DisableTorchFunction(): return x.softmax(-1)",
    "below autograd": "def f(x):\n    with torch._C._AutoDispatchBelowAutograd(): return x.softmax(-1)",
    "inference": "def f(x):\n    with torch.inference_mode(): return torch.softmax(x, -1)",
    "a subclass of tensors": "class T(torch.Tensor): pass\ndef f(x): return x.detach().as_subclass(T).softmax(-1)",
    "attention in two axes": "def f(x):\n    i = torch.eye(4); return F.scaled_dot_product_attention(x[None], i[None], i[None], scale=1.0)[0]",
    "attention in four axes": "def f(x):\n    i = torch.eye(4); return F.scaled_dot_product_attention(x[None, None], i[None, None], i[None, None], scale=1.0)[0, 0]",
    "multi-head attention": "def f(x): return nn.MultiheadAttention(4, 1, batch_first=True)(x[None], x[None], x[None])[0]",
    "the gradient of logsumexp": "def f(x): return torch.autograd.grad(torch.logsumexp(x, -1).sum(), x)[0]",
    "its gradient by backward": "def f(x):\n    x = x.detach().requires_grad_(); x.logsumexp(-1).sum().backward(); return x.grad",
    "its gradient by func": "def f(x): return torch.func.grad(lambda y: y.logsumexp(-1).sum())(x.detach())",
    "its gradient by vjp": "def f(x): return torch.func.vjp(lambda y: y.logsumexp(-1), x.detach())[1](torch.ones(3))[0]",
    "its tangent": "def f(x): return torch.func.jvp(lambda y: y.logsumexp(-1), (x.detach(),), (x.detach(),))[1]",
    "a backward of its own": (
        "class G(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, x): return x * 1\n"
        "    @staticmethod\n    def backward(ctx, g): return g.softmax(-1)\n"
        "def f(x): return torch.autograd.grad(G.apply(x), x, x.detach())[0]"
    ),
    "a hook": (
        "def f(x):\n    y = x * 1; y.register_hook(lambda g: g.softmax(-1))\n"
        "    return torch.autograd.grad(y, x, x.detach())[0]"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_a_forbidden_call_is_seen(text: str) -> None:
    watched, _ = run(text)
    assert watched.seen
    assert watched.intact
    assert watched.n_operators > 0


HONEST = {
    "exponentials": "def f(x):\n    e = (x - x.amax(-1, keepdim=True)).exp(); return e / e.sum(-1, keepdim=True)",
    "a forward logsumexp": "def f(x): return (x - torch.logsumexp(x, -1, keepdim=True)).exp()",
    "exp2 and einsum": "def f(x):\n    e = torch.exp2(x * 1.4427); return torch.einsum('ij,i->ij', e, 1 / e.sum(-1))",
    "the gradient of its own log-sum-exp": "def f(x): return torch.autograd.grad(x.exp().sum(-1).log().sum(), x, create_graph=True)[0]",
    "the tangent of its own log-sum-exp": "def f(x): return torch.func.jvp(lambda y: y.exp().sum(-1).log(), (x,), (x.detach(),))[1]",
    "a gradient of something else": "def f(x): return torch.autograd.grad((x ** 3).sum(), x, create_graph=True)[0]",
    "layers": "def f(x): return nn.Linear(4, 4)(x).sigmoid() * F.layer_norm(x, (4,))",
    "an own Softmax module": "class Softmax(nn.Module):\n    def forward(self, x): return x.exp() / x.exp().sum(-1, keepdim=True)\ndef f(x): return Softmax()(x)",
}  # fmt: skip


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_code_shows_nothing(text: str, lines: bool) -> None:
    watched, _ = run(text, gradient=True, lines=lines)
    assert {} == watched.seen
    assert watched.intact


@pytest.mark.parametrize(
    ("forbids", "text", "shape"),
    [
        ("torch.nn.LSTM", "def f(x): return nn.LSTM(4, 5)(x)[0]", (2, 3, 4)),
        ("torch.nn.LSTM", "def f(x): return nn.LSTMCell(4, 5)(x)[0]", (3, 4)),
        ("torch.lstm_cell", "def f(x): return nn.LSTM(4, 5)(x)[0]", (2, 3, 4)),
        ("torch.nn.GRUCell", "def f(x): return nn.GRU(4, 5)(x)[0]", (2, 3, 4)),
        ("torch.nn.RNNCell", "def f(x): return nn.RNNCell(4, 5)(x)", (3, 4)),
        ("torch.nn.LayerNorm", "def f(x): return F.layer_norm(x, (4,))", (3, 4)),
        ("torch.nn.LayerNorm", "def f(x): return F.group_norm(x, 1)", (3, 4)),
        ("torch.nn.RMSNorm", "def f(x): return torch.rms_norm(x, (4,))", (3, 4)),
        ("torch.nn.BatchNorm1d", "def f(x): return nn.BatchNorm1d(4)(x)", (3, 4)),
        ("torch.nn.Dropout", "def f(x): return torch.dropout(x, 0.5, True)", (3, 4)),
        ("torch.nn.Dropout", "def f(x): return F.dropout1d(x, 0.5)", (2, 3, 4)),
        (
            "torch.nn.CrossEntropyLoss",
            "def f(x): return F.nll_loss(x, torch.tensor([0, 1, 2]))",
            (3, 4),
        ),
        ("torch.nn.functional.kl_div", "def f(x): return F.kl_div(x, x, reduction='sum')", (3, 4)),
        (
            "torch.nn.functional.binary_cross_entropy_with_logits",
            "def f(x): return F.multilabel_soft_margin_loss(x, x.gt(0).float())",
            (3, 4),
        ),
        ("torch.nn.GELU", "def f(x): return F.gelu(x, approximate='tanh')", (3, 4)),
        ("torch.nn.Embedding", "def f(x): return F.embedding(torch.tensor([1]), x)", (3, 4)),
        ("torch.nn.Linear", "def f(x): return F.linear(x, x)", (3, 4)),
        (
            "torch.nn.functional.conv2d",
            "def f(x): return nn.Conv2d(2, 3, 2)(x)",
            (1, 2, 4, 4),
        ),
        (
            "torch.nn.MultiheadAttention",
            "def f(x): return nn.MultiheadAttention(4, 2)(x, x, x)[0]",
            (2, 3, 4),
        ),
        (
            "torch.nn.MultiheadAttention",
            "def f(x): m = nn.MultiheadAttention(4, 2); return getattr(F, 'multi_head_attention_forward')(x, x, x, 4, 2, m.in_proj_weight, m.in_proj_bias, None, None, False, 0.0, m.out_proj.weight, m.out_proj.bias)[0]",
            (2, 3, 4),
        ),
        (
            "torch.nn.MultiheadAttention",
            "def f(x):\n    with torch.no_grad(): return nn.TransformerEncoderLayer(4, 2, batch_first=True).eval()(x)",
            (2, 3, 4),
        ),
        (
            "torch.nn.functional.scaled_dot_product_attention",
            "def f(x): return nn.MultiheadAttention(4, 2)(x, x, x, need_weights=False)[0]",
            (2, 3, 4),
        ),
        ("torch.linalg.svd", "def f(x): return torch.linalg.svd(x)[1]", (3, 4)),
        ("torch.sort", "def f(x): return x.sort(-1)[0]", (3, 4)),
        ("torch.cdist", "def f(x): return torch.ops.aten.cdist(x, x)", (3, 4)),
        (
            "torch.optim.SGD",
            "class S(torch.optim.SGD): pass\ndef f(x):\n    p = nn.Parameter(x.detach()); p.grad = x.detach(); S([p], 0.1).step(); return p",
            (3, 4),
        ),
    ],
)
def test_families_show_their_operators(forbids: str, text: str, shape: tuple[int, ...]) -> None:
    watched, _ = run(text, (forbids,), shape=shape)
    assert watched.seen


@pytest.mark.parametrize(
    ("forbids", "text", "shape"),
    [
        ("torch.nn.MultiheadAttention", "def f(x): return (x @ x.mT).softmax(-1) @ x", (2, 3, 4)),
        (
            "torch.nn.MultiheadAttention",
            "def f(x): return F.scaled_dot_product_attention(x, x, x)",
            (2, 3, 4),
        ),
        (
            "torch.nn.CrossEntropyLoss",
            "def f(x): return -x.log_softmax(-1)[torch.arange(3), torch.arange(3)]",
            (3, 4),
        ),
        (
            "torch.nn.LSTM",
            "def f(x): i, g = nn.Linear(4, 6)(x).chunk(2, -1); return i.sigmoid() * g.tanh()",
            (3, 4),
        ),
        ("torch.nn.LayerNorm", "def f(x): return (x - x.mean(-1, keepdim=True)) / x.std()", (3, 4)),
        ("torch.nn.RMSNorm", "def f(x): return x * x.pow(2).mean(-1, True).rsqrt()", (3, 4)),
        ("torch.nn.Dropout", "def f(x): return x * torch.bernoulli(x.abs().clamp(max=1))", (3, 4)),
        ("torch.nn.Linear", "def f(x): return x @ x.T + 1", (3, 4)),
        ("torch.sort", "def f(x): return torch.quantile(x, 0.5)", (3, 4)),
        ("torch.nn.Sigmoid", "def f(x): return F.binary_cross_entropy_with_logits(x, x)", (3, 4)),
        (
            "torch.optim.SGD",
            "class SGD(torch.optim.Optimizer):\n    def __init__(s, p): super().__init__(p, {})\n    def step(s): pass\ndef f(x): SGD([x]).step(); return x * 1",
            (3, 4),
        ),
    ],
)
def test_relatives_show_nothing(forbids: str, text: str, shape: tuple[int, ...]) -> None:
    watched, _ = run(text, (forbids,), shape=shape, gradient=True)
    assert {} == watched.seen


def test_a_case_may_take_the_gradient_of_logsumexp_in_an_answer() -> None:
    watched, _ = run("def f(x): return (x - x.logsumexp(-1, True)).exp()", gradient=True)
    assert {} == watched.seen


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_lines_are_those_of_the_answer(text: str) -> None:
    watched, _ = run(text, lines=True)
    last = len((HEADER + text).splitlines())
    assert all(4 <= line <= last or line == 0 for line in watched.seen.values())
    has_no_frame = any(
        word in text for word in ("backward", "hook", "base64", "jit.Comp", "y.logsumexp(-1), (x.")
    )
    assert has_no_frame or any(watched.seen.values())


def test_a_module_and_a_call_know_their_line_at_no_cost() -> None:
    text = "def f(x):\n    m = nn.MultiheadAttention(4, 2)\n    return m(x, x, x)[0]"
    watched, _ = run(text, ("torch.nn.MultiheadAttention",), shape=(2, 3, 4))
    assert 6 == watched.seen["module:torch.nn.MultiheadAttention"]
    assert 6 == watched.seen["call:torch.nn.functional.multi_head_attention_forward"]


@pytest.mark.parametrize("lines", [False, True])
def test_results_are_the_same(lines: bool) -> None:
    text = (
        "def f(x):\n    torch.manual_seed(1)\n"
        "    m = nn.MultiheadAttention(4, 2); y = m(x, x, x)[0]; y = F.dropout(y, 0.5)\n"
        "    return torch.cat([y, *torch.autograd.grad(y.sum(), x, create_graph=True)])"
    )
    _, plain = run(text, shape=(2, 3, 4), names=())
    for forbids in (SOFTMAX, ("torch.nn.MultiheadAttention",), ("torch.optim.SGD", "torch.sort")):
        _, watched = run(text, forbids, shape=(2, 3, 4), lines=lines)
        assert torch.equal(plain, watched)


def test_everything_is_put_back() -> None:
    before = torch.autograd._engine_run_backward
    hooks = len(torch.nn.modules.module._global_forward_pre_hooks)
    names = forbidden_operators((*SOFTMAX, "torch.nn.MultiheadAttention", "torch.optim.SGD"))
    with pytest.raises(ZeroDivisionError), watching(FILENAME, names):
        raise ZeroDivisionError
    assert before is torch.autograd._engine_run_backward
    assert hooks == len(torch.nn.modules.module._global_forward_pre_hooks)
    assert not torch._C._autograd._profiler_enabled()
    assert 0 == torch._C._len_torch_function_stack()


def test_an_exception_passes_and_what_ran_before_it_is_known() -> None:
    watched = Watched()

    def case() -> None:
        nonlocal watched
        with watching(FILENAME, forbidden_operators(SOFTMAX)) as watched:
            torch.ones(3).softmax(0)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        case()
    assert "aten::_softmax" in watched.seen


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    torch._C._autograd._disable_profiler_legacy(); return torch.softmax(x, -1)",
        "def f(x):\n    a = torch._C._autograd; a._disable_profiler_legacy(); y = torch.softmax(x, -1)\n"
        "    p = torch._C._profiler; c = torch.autograd.ProfilerConfig(torch.autograd.ProfilerState.CPU, False, False, False, False, False, p._ExperimentalConfig())\n"
        "    a._enable_profiler_legacy(c); return y",
    ],
    ids=["off", "off and on"],
)
def test_who_switches_the_recording_off_is_noticed(text: str) -> None:
    watched, _ = run(text)
    assert not watched.intact


def test_work_without_tensors_shows_no_operator() -> None:
    watched, _ = run("def f(x): return 1")
    assert Watched({}, 0, True) == watched


def test_nothing_is_done_without_names() -> None:
    with watching(FILENAME, ()) as watched:
        assert not torch._C._autograd._profiler_enabled()
        torch.ones(3).softmax(0)
    assert Watched() == watched


def test_cases_add_up() -> None:
    total = Watched()
    total.add(Watched({"aten::a": 0}, 3, True))
    total.add(Watched({"aten::a": 7, "aten::b": 0}, 2, False))
    assert Watched({"aten::a": 7, "aten::b": 0}, 3, False) == total


def test_the_public_profiler_serves_where_the_other_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch._C._autograd, "_enable_profiler_legacy")
    watched, _ = run("def f(x): return torch.softmax(x, -1)")
    assert watched.intact
    assert "aten::_softmax" in watched.seen
    watched, _ = run("def f(x): return x.exp()")
    assert {} == watched.seen


def test_every_operator_of_the_table_exists() -> None:
    known = {schema.name for schema in torch._C._jit_get_all_schemas()}
    operators = {
        op.removeprefix("direct:").removeprefix("tangent:")
        for key in FAMILIES
        for op in _operators_of(key)
    }
    missing = {
        op
        for op in operators
        if not op.startswith(("call:", "gradient:", "module:")) and f"aten::{op}" not in known
    }
    assert set() == missing


def exists(name: str) -> bool:
    """Whether a public name can be reached by importing and by attributes."""
    parts = name.split(".")
    found: Any = importlib.import_module(parts[0])
    for depth, part in enumerate(parts[1:], 2):
        if hasattr(found, part):
            found = getattr(found, part)
            continue
        try:
            found = importlib.import_module(".".join(parts[:depth]))
        except ImportError:
            return False
    return True


def test_every_name_of_the_table_exists() -> None:
    names = {_spell(short) for family in FAMILIES.values() for short in family.names.split()}
    assert set() == {name for name in names if not exists(name)}
    assert not exists("torch.nn.NoSuchLayer")
