"""What is forbidden is not there when an answer runs, by whatever road it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dojo.engine import Engine
from dojo.refusal import REFUSED, refusable
from dojo.rules import forbidden_operators
from dojo.wire import Dict, Failure, Job, Observed

CASES = "def case(kata, draw):\n    return kata.f(draw.normal(3, 4))"
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
FORBIDS = ("torch.softmax", "torch.nn.MultiheadAttention", "torch.optim.SGD")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def run(engine: Engine, text: str, forbids: tuple[str, ...] = FORBIDS) -> Observed | Failure:
    """Run an answer from which what is forbidden was taken away."""
    refused = refusable(forbidden_operators(forbids))
    job = Job(HEADER + text, "answer.py", CASES, (("1", "case", Dict(())),), refused=refused)
    run = engine.run(job, [20.0])
    if isinstance(run.broken, Failure):
        return run.broken
    ended = run.ended[0]
    assert isinstance(ended, Observed)
    return ended.failure or ended


@pytest.mark.parametrize(
    "text",
    [
        "def f(x): return x.softmax(-1)",
        "def f(x): return torch.ops.aten._softmax.out(x, -1, False, out=torch.empty(3, 4))",
        "def f(x): return torch.ops.aten.softmax.int.decompose(x, -1)",
        "K = torch._C.DispatchKey.CompositeExplicitAutograd\n"
        "def f(x): return torch.ops.aten.softmax.int_out._op_dk(K, x, -1, out=x)",
        "K = torch._C.DispatchKeySet(torch._C.DispatchKey.CompositeImplicitAutograd)\n"
        "def f(x): return torch.ops.aten.softmax.int.redispatch(K, x, -1)",
        "def f(x): return torch.distributions.transforms.SoftmaxTransform()(x)",
        "def f(x): return torch.sparse.softmax(x.to_sparse(), -1).to_dense()",
        "def f(x): return torch.nested.nested_tensor([x, x]).softmax(-1)[0]",
        "def f(x): return torch.func.vmap(lambda row: row.softmax(0))(x)",
        "def f(x):\n    with torch.inference_mode(): return x.softmax(-1)",
        "def f(x): return torch.jit.trace(lambda y: y.softmax(-1), x)(x)",
        "def f(x): return torch.distributions.Categorical(logits=x).probs",
        "def f(x): return nn.MultiheadAttention(4, 1)(x, x, x)[0]",
        "def f(x): return nn.MultiheadAttention.forward(nn.Identity(), x, x, x)[0]",
        "class A(nn.TransformerEncoderLayer): pass\ndef f(x): return A(4, 2)(x)",
        "g = F.multi_head_attention_forward\ndef f(x): return g(x, x, x)",
        "def f(x): return torch.optim.SGD([x.requires_grad_()], 0.1)",
        "y = torch.ones(3).softmax(0)\ndef f(x): return x",
    ],
)
def test_what_is_forbidden_raises(engine: Engine, text: str) -> None:
    failure = run(engine, text)

    assert isinstance(failure, Failure), failure
    assert REFUSED in failure.message


@pytest.mark.parametrize(
    "text",
    [
        "def f(x): return (x - x.logsumexp(-1, keepdim=True)).exp()",
        "def f(x): return nn.Linear(4, 2)(nn.LayerNorm(4)(x)).relu()",
        "def f(x): return torch.optim.Adam([x.requires_grad_()], 0.1).defaults['lr']",
        "class MultiheadAttention(nn.Module): forward = lambda self, x: x\n"
        "def f(x): return MultiheadAttention()(x)",
    ],
)
def test_the_rest_is_there(engine: Engine, text: str) -> None:
    assert isinstance(run(engine, text), Observed)


def test_next_answer_has_it_again(engine: Engine) -> None:
    text = "def f(x): return x.softmax(-1)"

    assert isinstance(run(engine, text), Failure)
    assert isinstance(run(engine, text, ()), Observed)


def test_names_of_how_something_is_called_cannot_be_taken_away() -> None:
    names = (
        "aten::sort",
        "direct:aten::relu",
        "gradient:LogsumexpBackward0",
        "module:torch.nn.LSTM",
    )

    assert ("aten::sort", "module:torch.nn.LSTM") == refusable(names)
    assert () == refusable(("aten::",))
