"""Only well-formed messages cross the pipes, in bounded time and memory."""

from __future__ import annotations

import collections
import contextlib
import enum
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dojo import wire
from dojo.kata import samples
from dojo.wire import (
    Array,
    Began,
    Broken,
    Call,
    Channel,
    ChannelClosed,
    Dict,
    Failure,
    Job,
    List,
    Malformed,
    Node,
    Observed,
    Open,
    Other,
    Reply,
    Sampled,
    Step,
    TimeIsUp,
    Tuple,
    Walled,
    decode,
    encode,
    to_numpy,
)

pack = msgspec.msgpack.encode


def parse(data: bytes, from_child: bool = True) -> Any:
    return wire._parse(data, from_child)


def observed(value: Any) -> bytes:
    """Return a message whose value is raw data, in whatever form."""
    return pack({"type": "observed", "index": 0, "value": value})


def array(**changes: Any) -> dict[str, Any]:
    node = {"type": "array", "library": "numpy", "dtype": "float32", "shape": [2], "data": bytes(8)}
    return {**node, **changes}


# Round trips

DTYPES = sorted(set(wire.DTYPES) - {"bfloat16"})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
)
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, min_side=0, max_side=4))
)
TREES = st.recursive(
    st.one_of(SCALARS, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    ),
    max_leaves=10,
)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are of one kind and equal to the last bit."""
    if isinstance(one, np.ndarray | np.generic):
        same = np.asarray(one), np.asarray(other)
        return (same[0].dtype, same[0].shape) == (same[1].dtype, same[1].shape) and (
            same[0].tobytes() == same[1].tobytes()
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    return repr(one) == repr(other)


@given(TREES)
def test_every_tree_comes_back_as_it_was(value: Any) -> None:
    message = Observed(3, encode(value))

    back = parse(pack(message))

    assert pack(message) == pack(back)
    assert alike(value, decode(back.value))


def test_difference_is_noticed_by_the_comparison_that_these_tests_use() -> None:
    for one, other in ((1, 1.0), (0.0, -0.0), ([1], (1,)), ({"a": 1}, {"b": 1}), (True, 1)):
        assert not alike(one, other)
    assert not alike(np.zeros(2), np.zeros(2, "f4"))
    assert not alike(np.array([np.nan]), np.array([1.0]))


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensor_of_every_dtype_and_shape_is_carried(dtype: str, shape: tuple[int, ...]) -> None:
    tensor = (torch.randn(shape) * 3).to(getattr(torch, dtype))

    node = parse(pack(Observed(0, encode(tensor)))).value

    assert (dtype, shape) == (node.dtype, node.shape)
    expected = tensor.float().numpy() if dtype == "bfloat16" else tensor.numpy()
    assert np.array_equal(expected, to_numpy(node))


BIG = torch.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize(
    "tensor",
    [
        BIG.T,
        BIG[::2, 1::2],
        BIG[:, None].expand(4, 3, 6),
        BIG.to(torch.complex64).mul(1j).conj(),
        BIG.to(torch.complex64).mul(1j).conj().imag,  # negated lazily
        torch.nn.Parameter(BIG),
        BIG.clone().requires_grad_() * 2,
        torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0]),
        torch.tensor(7),
    ],
    ids=["transposed", "strided", "expanded", "conj", "neg", "parameter", "graph", "nan", "scalar"],
)
def test_tensor_in_any_memory_layout_is_carried(tensor: torch.Tensor) -> None:
    node = encode(tensor)

    assert isinstance(node, Array)
    expected = tensor.detach().resolve_conj().resolve_neg().contiguous().numpy()
    assert alike(expected, to_numpy(node))


@pytest.mark.parametrize("order", ["<", ">"])
def test_array_of_either_byte_order_is_carried(order: str) -> None:
    node = encode(np.arange(5, dtype=f"{order}i4")[::2])

    assert isinstance(node, Array)
    assert [0, 2, 4] == to_numpy(node).tolist()


def test_meta_tensor_is_carried_without_values() -> None:
    node = parse(pack(Observed(0, encode(torch.empty(2, 3, device="meta"))))).value

    assert Array("meta", "float32", (2, 3), b"") == node
    with pytest.raises(Malformed):
        decode(node)


def test_samples_are_stacked() -> None:
    numbers, rows = encode(samples([1, 2.5, True])), encode(samples(torch.eye(3)))
    mixed, none = encode(samples([1.0, "a"])), encode(samples([]))

    assert isinstance(numbers, Sampled) and isinstance(numbers.draws, Array)
    assert [1.0, 2.5, 1.0] == to_numpy(numbers.draws).tolist()
    assert isinstance(rows, Sampled) and isinstance(rows.draws, Array)
    assert ("torch", (3, 3)) == (rows.draws.library, rows.draws.shape)
    assert Sampled(Tuple((1.0, "a"))) == mixed
    assert isinstance(none, Sampled)


MESSAGES: list[tuple[Any, bool]] = [
    (Walled(("limits",), "no"), True),
    (Began(("f",), ("g",)), True),
    (Broken(Failure(("SyntaxError",), "bad", (Step(1, "f"),), (1, 2))), True),
    (Open("Arms", Dict((("n", 3),))), True),
    (Call(0, "pull", Tuple((1,)), Dict(())), True),
    (Observed(0, None, Failure(("E",), "m"), ("x",), (("w", (2, 3)),)), True),
    (Job("a = 1", "a.py", "", (("s", "f", Dict(())),)), False),
    (Reply(List((1, None))), False),
]


@pytest.mark.parametrize(("message", "from_child"), MESSAGES, ids=lambda m: type(m).__name__)
def test_message_comes_back_as_it_was(message: Any, from_child: bool) -> None:
    assert message == parse(pack(message), from_child)
    with pytest.raises(Malformed):
        parse(pack(message), not from_child)


# Objects that lie


class Trap:
    """Fails a test as soon as anybody asks it anything."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")

    def refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("was called")

    __array__ = __iter__ = __len__ = __eq__ = __hash__ = __repr__ = __str__ = refuse  # type: ignore[assignment]
    __float__ = __int__ = __bool__ = __index__ = __getitem__ = __torch_function__ = refuse
    keys = items = refuse


class Meta(type):
    """A metaclass that fails a test as soon as its class is asked anything."""

    def refuse(cls, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the class was asked")

    __eq__ = __hash__ = __instancecheck__ = __subclasscheck__ = refuse  # type: ignore[assignment]
    __name__ = property(refuse)  # type: ignore[assignment]
    __module__ = property(refuse)  # type: ignore[assignment]


def trapped(*bases: type) -> type:
    body = {name: value for name, value in vars(Trap).items() if callable(value)}
    return Meta("Trapped", bases, body)


class Faker:
    """Says that it is a dict."""

    @property
    def __class__(self) -> Any:
        return dict

    @__class__.setter
    def __class__(self, _: Any) -> None: ...


class Samples:
    """Says that it comes from the vocabulary of cases."""

    draws = (1, 2)


Samples.__module__ = "dojo.kata"


class Colour(enum.IntEnum):
    RED = 1


FOREIGN: list[tuple[Callable[[], Any], str]] = [
    (Trap, "Trap"),
    (Faker, "Faker"),
    (Samples, "Samples"),
    (lambda: Colour.RED, "Colour"),
    (lambda: object.__new__(trapped()), "Trapped"),
    (lambda: str.__new__(trapped(str), "right"), "Trapped"),
    (lambda: int.__new__(trapped(int), 1), "Trapped"),
    (lambda: float.__new__(trapped(float), 1.0), "Trapped"),
    (lambda: np.ndarray.__new__(trapped(np.ndarray), (2,)), "Trapped"),
    (lambda: np.float64.__new__(trapped(np.float64), 1.0), "Trapped"),
    (lambda: np.ma.masked_array([1.0], [True]), "MaskedArray"),
    (lambda: torch.ones(2).as_subclass(type("Liar", (torch.Tensor,), {})), "Liar"),
    (lambda: 2**63, "int beyond 64 bits"),
    (lambda: -(2**63) - 1, "int beyond 64 bits"),
    (lambda: 1 << 80, "int beyond 64 bits"),
    (lambda: 1j, "complex"),
    (lambda: b"1", "bytes"),
    (lambda: {1, 2}, "set"),
    (lambda: {1: 2}, "dict with keys that are not text"),
    (lambda: {"a": 1, 2: 3}, "dict with keys that are not text"),
    (lambda: (lambda: 1), "function"),
    (lambda: np.array([{}], dtype=object), "array of objects"),
    (lambda: np.array(["a"]), "array of text"),
    (lambda: np.zeros(2, dtype=[("a", "f4")]), "array of records"),
    (lambda: np.array(["2020-01-01"], dtype="M8[D]"), "array of dates"),
    (lambda: np.longdouble(1), "array of longdouble"),
    (lambda: torch.eye(2).to_sparse(), "sparse_coo Tensor"),
    (lambda: torch.eye(2).to_sparse_csr(), "sparse_csr Tensor"),
    (lambda: torch.quantize_per_tensor(torch.ones(2), 1, 0, torch.quint8), "quantized Tensor"),
    (lambda: torch.ones(2).to(torch.float8_e4m3fn), "Tensor of float8_e4m3fn"),
    (
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "Tensor that cannot be read",
    ),
    (lambda: torch.ones(1).expand(2**24), "Tensor of 0.1 GB"),
    (lambda: np.broadcast_to(1.0, 2**33), "array of 68.7 GB"),
]


@pytest.mark.parametrize(
    ("make", "name"), FOREIGN, ids=[f"{i} {name}" for i, (_, name) in enumerate(FOREIGN)]
)
@pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning", "ignore:.*nested tensors:UserWarning")
@pytest.mark.filterwarnings("ignore:torch.quantize", "ignore::DeprecationWarning")
def test_what_is_no_plain_value_is_described_by_its_type(
    make: Callable[[], Any], name: str
) -> None:
    value = make()
    node = encode(value)

    assert isinstance(node, Other)
    assert name == node.name or {"longdouble": "float128"}[name[9:]] == node.name[9:]
    assert isinstance(encode([value, 1]), List)


class State(NamedTuple):
    h: int
    c: int


@pytest.mark.parametrize(
    ("value", "node"),
    [
        (State(1, 2), Tuple((1, 2))),
        (torch.ones(2, 3).shape, Tuple((2, 3))),
        (collections.OrderedDict(a=1), Dict((("a", 1),))),
        (collections.Counter("aab"), Dict((("a", 2), ("b", 1)))),
        (np.str_("a"), "a"),
        ("\ud800", "?"),
        ({"\udfff": 1}, Dict((("?", 1),))),
        (-0.0, -0.0),
        (True, True),
    ],
)
def test_lists_tuples_and_dicts_are_read_as_what_they_are_underneath(
    value: Any, node: Node
) -> None:
    assert node == encode(value)
    assert type(node) is type(encode(value))


def test_no_method_of_a_container_is_called() -> None:
    items = list.__new__(trapped(list))
    list.append(items, 1)
    mapping = dict.__new__(trapped(dict))
    dict.__setitem__(mapping, "a", items)

    pair = tuple.__new__(trapped(tuple), (1, mapping))

    assert Tuple((1, Dict((("a", List((1,))),)))) == encode(pair)


def test_traps_of_these_tests_do_spring() -> None:
    kind = trapped(float)
    value = float.__new__(kind, 1.0)
    for ask in (lambda: value == 1, lambda: hash(kind), lambda: kind.__name__, lambda: [*value]):
        with pytest.raises(AssertionError):
            ask()


def test_values_of_torch_operations_are_tuples() -> None:
    node = encode(torch.tensor([3.0, 1.0]).sort())

    assert isinstance(node, Tuple)
    assert [1.0, 3.0] == to_numpy(node.items[0]).tolist()  # type: ignore[arg-type]


def test_endless_nesting_is_cut_off() -> None:
    value: list[Any] = []
    value.append(value)

    data = pack(Observed(0, encode(value)))

    assert b"structure nested too deeply" in data
    parse(data)


def test_type_name_is_kept_short_and_writable() -> None:
    node = encode(type("x" * 500, (), {})())

    assert Other("x" * 80) == node


# Bytes that lie


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"type": "list", "items": [value]}
    return value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xff",
        pack(None),
        pack([]),
        pack({"type": "nonsense"}),
        pack({"type": "observed"}),
        pack({"type": "observed", "index": True}),
        pack({"type": "observed", "index": 0.5}),
        pack({"type": "observed", "index": 0, "extra": 1}),
        observed(1)[:-1],
        observed(1) + b"\0",
        observed([1]),
        observed({"a": 1}),
        observed(2**63),
        observed({"type": "list", "items": [2**64 - 1]}),
        observed({"type": "dict", "items": [[1, 2]]}),
        observed({"type": "dict", "items": [["a"]]}),
        observed({"type": "other", "name": "x" * 2000}),
        observed(b"bytes"),
        observed(nested(wire.MAX_DEPTH + 2)),
        observed(nested(400)),
        pack({"type": "broken", "failure": {"kinds": [], "message": ""}}),
        pack({"type": "broken", "failure": {"kinds": ["E"], "message": "x" * 10**5}}),
        pack({"type": "began", "found": ["f"] * 10**4, "missing": []}),
        pack({"type": "observed", "index": 0, "masks": [["m", array(shape=[3])]]}),
        pack({"type": "observed", "index": 0, "weights": [["w", [-1]]]}),
        observed({"type": "samples", "draws": array(shape=[3])}),
        observed({"type": "tuple", "items": [array(shape=[3])]}),
        observed({"type": "dict", "items": [["a", array(shape=[3])]]}),
        pack({"type": "call", "handle": 0, "method": "m", "args": [], "kwargs": {}}),
        observed("x")[:-1] + b"\xff",  # not UTF-8
        observed(1)[:-1] + b"\xd4\x05\x00",  # an extension
        observed(1)[:-1] + b"\xdd\xff\xff\xff\xff",  # four thousand million items
        observed({"type": "list", "items": 1})[:-1] + b"\xdd\xff\xff\xff\xff",
        observed({"type": "list", "items": 1})[:-1] + b"\xdf\xff\xff\xff\xff",
        observed(1)[:-1] + b"\xc6\xff\xff\xff\xff",
        observed(1)[:-1] + b"\xdb\xff\xff\xff\xff",
        (observed({"type": "list", "items": 1})[:-1] + b"\x91") * 10_000,
    ],
)
def test_malformed_message_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        parse(data)

    assert len(str(refused.value)) <= 200 and str(refused.value).isprintable()


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [3]},
        {"shape": [1]},
        {"shape": []},
        {"shape": [-2]},
        {"shape": [-1, -2]},
        {"shape": [True, 2]},
        {"shape": [2.0]},
        {"shape": ["2"]},
        {"shape": [2**63]},
        {"shape": [2**64 - 1]},
        {"shape": [2**32, 2**32, 2]},
        {"shape": [0, 2**63], "data": b""},
        {"shape": [0, 2**40, 2**40], "data": b""},
        {"shape": [1] * 16 + [2]},
        {"shape": 2},
        {"dtype": "float64"},
        {"dtype": "object"},
        {"dtype": "O"},
        {"dtype": "<f4"},
        {"dtype": "V8"},
        {"dtype": "M8[s]"},
        {"dtype": 4},
        {"dtype": "bool", "shape": [8], "data": b"\0\1\2\0\0\0\0\0"},
        {"library": "jax"},
        {"library": "meta"},
        {"data": "01234567"},
        {"data": None},
        {"data": b""},
        {"extra": 1},
    ],
    ids=str,
)
def test_array_that_is_not_what_it_declares_is_refused(changes: dict[str, Any]) -> None:
    assert isinstance(parse(observed(array())).value, Array)  # it is the change that is refused
    with pytest.raises(Malformed):
        parse(observed(array(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [0, 2**40], "data": b""},
        {"shape": [2] + [1] * 15},
        {"dtype": "bool", "shape": [8], "data": b"\0\1" * 4},
        {"dtype": "uint8", "shape": [8], "data": b"\0\1\2\xff" * 2},
        {"library": "meta", "shape": [2**20, 2**20], "data": b""},
    ],
    ids=str,
)
def test_array_that_is_odd_but_sound_is_read(changes: dict[str, Any]) -> None:
    node = parse(observed(array(**changes))).value

    assert node.library == "meta" or node.shape == to_numpy(node).shape


def use(message: Any) -> None:
    """Do with a message what the engine does: turn it into values."""
    nodes = [message.value] if isinstance(message, Observed) else []
    nodes += [message.args, message.kwargs] if isinstance(message, Call) else []
    for node in nodes:
        try:
            decode(node)
        except Malformed:
            continue


SEEDS = [
    *(pack(message) for message, from_child in MESSAGES if from_child),
    observed(array()),
    pack(Observed(0, encode({"a": [torch.eye(3), (1, 2.5, "x", None, True)]}))),
    pack(Observed(1, encode(samples([1.0, 2.0])), masks=(("m", encode(np.ones(3, bool))),))),  # type: ignore[arg-type]
]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        use(parse(data))


def test_hundred_thousand_damaged_messages_are_read_or_refused() -> None:
    rng = random.Random(0)
    interesting = b"\x00\x01\x7f\x80\x90\xa1\xc0\xc3\xc4\xca\xcf\xd3\xdd\xdf\xff"
    refused = 0
    for _ in range(100_000):
        data = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randrange(1, 4)):
            at, damage = rng.randrange(len(data)), rng.randrange(4)
            if damage == 0:
                data[at] = rng.choice(interesting)
            elif damage == 1:
                data[at] ^= 1 << rng.randrange(8)
            elif damage == 2:
                del data[at]
            else:
                data.insert(at, rng.choice(interesting))
        try:
            use(parse(bytes(data)))
        except Malformed:
            refused += 1

    assert 50_000 < refused < 100_000  # most are refused, and some get through to be used


FEW = {"type": "observed", "index": 0}


def many(n: int, one: bytes, before: bytes) -> bytes:
    return before[:-1] + b"\xdd" + n.to_bytes(4, "big") + one * n


TINY: dict[str, Callable[[int], bytes]] = {
    "None": lambda n: many(n, b"\xc0", observed({"type": "list", "items": 0})),
    "floats": lambda n: many(n, b"\xcb" + bytes(8), observed({"type": "list", "items": 0})),
    "pairs": lambda n: many(n, b"\x92\xa0\xc0", observed({"type": "dict", "items": 0})),
    "texts": lambda n: many(n, b"\xa2ab", observed({"type": "tuple", "items": 0})),
    "lists": lambda n: many(
        n, pack({"type": "list", "items": []}), observed({"type": "list", "items": 0})
    ),
    "weights": lambda n: many(n, b"\x92\xa0\x90", pack({**FEW, "weights": 0})),
    "steps": lambda n: many(
        n,
        pack({"line": 0, "function": ""}),
        pack({"type": "broken", "failure": {"kinds": ["E"], "message": "", "steps": 0}}),
    ),
}


@pytest.mark.parametrize("kind", TINY)
def test_message_of_too_many_values_is_refused(kind: str) -> None:
    parse(TINY[kind](100))
    with pytest.raises(Malformed, match="more than 1048576 values"):
        parse(TINY[kind](wire.MAX_VALUES + 1))


def test_full_message_of_tiny_values_takes_neither_memory_nor_time() -> None:
    """In a process of its own, since memory that was once used stays counted."""
    script = r"""
import resource, sys, time
from dojo import wire
start = b"\x83\xa4type\xa8observed\xa5index\x00\xa5value\x82\xa4type\xa4dict\xa5items\xdd"
n = (wire.MAX_FRAME - 100) // 3
data = start + n.to_bytes(4, "big") + b"\x92\xa0\xc0" * n
wire._parse(start + bytes((0, 0, 0, 1)) + b"\x92\xa0\xc0", True)
before, clock = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    wire._parse(data, True)
except wire.Malformed as error:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(grown // 1024, time.process_time() - clock, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "" == done.stderr
    megabytes, seconds, why = done.stdout.split(maxsplit=2)
    assert "a message of more than 1048576 values\n" == why
    assert int(megabytes) < 20 and float(seconds) < 5


def test_message_of_few_large_arrays_is_not_refused() -> None:
    zeros = np.zeros(2**21)
    node = encode([zeros, zeros, zeros])

    back = parse(pack(Observed(0, node)))

    assert node == back.value


def test_as_many_values_as_are_allowed_are_counted_right() -> None:
    wire._check_count(b"\xc0" * wire.MAX_VALUES)
    with pytest.raises(Malformed):
        wire._check_count(b"\xc0" * (wire.MAX_VALUES + 1))


@given(TREES)
def test_every_value_is_counted_once(value: Any) -> None:
    """Walking a message value by value ends exactly at its end."""
    data = pack(Observed(0, encode(value)))
    count = len(data)
    for cut in range(1, 9):  # a walk that lost its way would step over the padding
        padded = data + b"\xc0" * cut
        assert _values(padded) == _values(data) + cut
    assert 0 < _values(data) <= count


def _values(data: bytes) -> int:
    at = count = 0
    while at < len(data):
        tail = wire.TAILS[data[at]]
        at += (
            1 + abs(tail) + (int.from_bytes(data[at + 1 : at + 1 - tail], "big") if tail < 0 else 0)
        )
        count += 1
    return count


# Channels

Pipe = tuple[Channel, Channel]


@pytest.fixture
def ends() -> Iterator[Pipe]:
    """The engine's end and the child's, joined by two pipes."""
    (down_read, down_write), (up_read, up_write) = os.pipe(), os.pipe()
    ours = Channel(up_read, down_write, reads_child=True)
    theirs = Channel(down_read, up_write, reads_child=False)
    yield ours, theirs
    for channel in (ours, theirs):
        for fd in {channel.read_fd, channel.write_fd} - {-1}:
            os.close(fd)


def soon(seconds: float = 0.1) -> float:
    return time.monotonic() + seconds


def test_messages_arrive_in_order(ends: Pipe) -> None:
    ours, theirs = ends
    for index in range(3):
        theirs.send(Observed(index))
    ours.send(Reply(1), soon(1))

    assert [0, 1, 2] == [ours.receive(soon(1)).index for _ in range(3)]
    assert Reply(1) == theirs.receive()


def test_message_larger_than_a_pipe_arrives(ends: Pipe) -> None:
    ours, theirs = ends
    node = encode(np.arange(2**20))
    sender = threading.Thread(target=theirs.send, args=(Observed(0, node),))
    sender.start()

    assert node == ours.receive(soon(10)).value
    sender.join()


@pytest.mark.parametrize("cut", [0, 3, 8, 12])
def test_message_that_is_cut_off_closes_the_channel(ends: Pipe, cut: int) -> None:
    ours, theirs = ends
    data = observed(1)
    os.write(theirs.write_fd, (len(data).to_bytes(8, "little") + data)[:cut])
    theirs.close()

    with pytest.raises(ChannelClosed):
        ours.receive(soon(1))


@pytest.mark.parametrize("sent", [b"", b"\x05", b"\x05\0\0\0\0\0\0\0ab"])
def test_message_that_does_not_end_is_waited_for_until_the_deadline(
    ends: Pipe, sent: bytes
) -> None:
    ours, theirs = ends
    os.write(theirs.write_fd, sent)
    start = time.monotonic()

    with pytest.raises(TimeIsUp):
        ours.receive(soon())

    assert 0.09 < time.monotonic() - start < 1


def test_dripping_bytes_do_not_move_the_deadline(ends: Pipe) -> None:
    ours, theirs = ends
    stop = threading.Event()

    def drip() -> None:
        os.write(theirs.write_fd, (10**6).to_bytes(8, "little"))
        while not stop.wait(0.01):
            os.write(theirs.write_fd, b"\0")

    dripper = threading.Thread(target=drip)
    dripper.start()
    start = time.monotonic()
    with pytest.raises(TimeIsUp):
        ours.receive(soon(0.2))
    stop.set()
    dripper.join()

    assert time.monotonic() - start < 1


def test_deadline_in_the_past_is_up(ends: Pipe) -> None:
    ours, theirs = ends
    theirs.send(Observed(0))

    with pytest.raises(TimeIsUp):
        ours.receive(time.monotonic() - 1)
    assert Observed(0) == ours.receive(soon(1))


@pytest.mark.parametrize("size", [wire.MAX_FRAME + 1, 2**63, 2**64 - 1])
def test_message_that_declares_too_much_is_refused_at_once(ends: Pipe, size: int) -> None:
    ours, theirs = ends
    os.write(theirs.write_fd, size.to_bytes(8, "little"))

    with pytest.raises(Malformed, match="MB"):
        ours.receive(soon(5))


@pytest.mark.parametrize("blocking", [True, False])
def test_reader_that_has_stopped_is_not_waited_for_beyond_the_deadline(
    ends: Pipe, blocking: bool
) -> None:
    ours, _ = ends
    os.set_blocking(ours.write_fd, blocking)
    start = time.monotonic()

    with pytest.raises(TimeIsUp):
        ours.send(Reply(encode(np.zeros(2**20))), soon(0.2))

    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("deadline", [True, False])
def test_descriptor_that_does_not_block_is_written_and_read_whole(
    ends: Pipe, deadline: bool
) -> None:
    ours, theirs = ends
    for fd in (ours.read_fd, theirs.write_fd):
        os.set_blocking(fd, False)
    node = encode(np.arange(2**18))
    used = time.process_time()

    def send() -> None:
        time.sleep(0.2)
        theirs.send(Observed(0, node), soon(10) if deadline else None)

    sender = threading.Thread(target=send)
    sender.start()
    received = ours.receive(soon(10) if deadline else None)
    sender.join()

    assert node == received.value
    assert time.process_time() - used < 0.15  # it has slept, not spun


def test_reader_that_is_gone_closes_the_channel(ends: Pipe) -> None:
    ours, theirs = ends
    os.close(theirs.read_fd)
    theirs.read_fd = -1

    for deadline in (None, soon(1)):
        with pytest.raises(ChannelClosed):
            ours.send(Reply(1), deadline)


@pytest.mark.parametrize(
    "message",
    [
        Observed(0, List((encode(np.zeros(2**22)),) * 3)),  # 100 MB
        Observed(0, Tuple((1.5,) * (wire.MAX_VALUES + 1))),
        Observed(0, modified=("\ud800",)),
        Observed(2**70),
    ],
    ids=["large", "many", "surrogate", "beyond 64 bits"],
)
def test_message_that_could_not_be_read_is_not_sent(ends: Pipe, message: Observed) -> None:
    ours, theirs = ends

    with pytest.raises(Malformed):
        theirs.send(message)

    theirs.send(Observed(1))  # nothing of the first was written
    assert Observed(1) == ours.receive(soon(1))


def test_descriptor_beyond_1023_works() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2100:
        pytest.skip("this machine allows no such descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2100), hard))
    read, write = os.pipe()
    high_read, high_write = os.dup2(read, 2001), os.dup2(write, 2002)
    try:
        channel = Channel(high_read, high_write, reads_child=True)
        channel.send(Observed(4), soon(1))

        assert Observed(4) == channel.receive(soon(1))
    finally:
        for fd in (read, write, high_read, high_write):
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ready_byte_is_taken_before_the_first_message(ends: Pipe) -> None:
    ours, theirs = ends
    os.write(theirs.write_fd, b"R")
    theirs.send(Observed(0))

    ours.ready(1)

    assert Observed(0) == ours.receive(soon(1))


def test_channel_closes_once(ends: Pipe) -> None:
    ours, theirs = ends
    ours.close()
    ours.close()

    with pytest.raises(ChannelClosed):
        theirs.receive()
